/** Addresses of indicators. */
import type { RouteRecordRaw } from 'vue-router'

const meta = { title: 'nav.indicators' }
export const indicatorRoutes: RouteRecordRaw[] = [
  { path: '/indicators', name: 'indicators', component: () => import('./IndicatorsPage.vue'), meta },
  { path: '/indicators/new', name: 'indicator-new', component: () => import('./NewIndicatorPage.vue'), meta },
  { path: '/indicators/submissions', name: 'submissions', component: () => import('./SubmissionsPage.vue'), meta },
  { path: '/indicators/reported', name: 'reported', component: () => import('./ReportedPage.vue'), meta },
  { path: '/indicators/:code/definition', name: 'indicator', component: () => import('./IndicatorPage.vue'), props: true, meta },
]
