/** Addresses of the catalogue: its three lists, one entry of each, and what does not fit together. */
import type { RouteRecordRaw } from 'vue-router'

export const catalogueRoutes: RouteRecordRaw[] = [
  { path: '/catalogue', name: 'catalogue', component: () => import('./CataloguePage.vue'), meta: { title: 'nav.catalogue' } },
  { path: '/catalogue/:list(directory|items)', name: 'entries', component: () => import('./EntriesPage.vue'), props: true, meta: { title: 'nav.catalogue' } },
  { path: '/catalogue/:list(directory|items)/:code', name: 'entry', component: () => import('./EntryPage.vue'), props: true, meta: { title: 'nav.catalogue' } },
  { path: '/catalogue/findings', name: 'findings', component: () => import('./FindingsPage.vue'), meta: { title: 'nav.catalogue' } },
  { path: '/catalogue/:code', name: 'matter', component: () => import('./MatterPage.vue'), props: true, meta: { title: 'nav.catalogue' } },
]
