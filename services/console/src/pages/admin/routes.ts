/** Addresses of the management centre: organisation, people, roles, imports, one's own account, the trail. */
import type { RouteRecordRaw } from 'vue-router'

export const adminRoutes: RouteRecordRaw[] = [
  { path: '/admin/units', name: 'units', component: () => import('./UnitsPage.vue'), meta: { title: 'nav.units' } },
  { path: '/admin/people', name: 'people', component: () => import('./PeoplePage.vue'), meta: { title: 'nav.people' } },
  { path: '/admin/people/:id', name: 'person', component: () => import('./PersonPage.vue'), props: true, meta: { title: 'nav.people' } },
  { path: '/admin/roles', name: 'roles', component: () => import('./RolesPage.vue'), meta: { title: 'nav.roles' } },
  { path: '/admin/import', name: 'import', component: () => import('./ImportPage.vue'), meta: { title: 'nav.import' } },
  { path: '/account', name: 'account', component: () => import('./AccountPage.vue'), meta: { title: 'account.title' } },
  { path: '/audit', name: 'audit', component: () => import('../audit/AuditPage.vue'), meta: { title: 'nav.audit' } },
]
