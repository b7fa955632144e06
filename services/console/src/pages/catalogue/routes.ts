/** Addresses of the catalogue of matters. */
import type { RouteRecordRaw } from 'vue-router'

export const catalogueRoutes: RouteRecordRaw[] = [
  { path: '/catalogue', name: 'catalogue', component: () => import('./CataloguePage.vue'), meta: { title: 'nav.catalogue' } },
  { path: '/catalogue/:code', name: 'matter', component: () => import('./MatterPage.vue'), props: true, meta: { title: 'nav.catalogue' } },
]
