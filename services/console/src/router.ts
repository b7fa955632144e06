/** The page's addresses. Each page is loaded when it is first opened. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { known, t } from './i18n/index.ts'
import { adminRoutes } from './pages/admin/routes.ts'
import { catalogueRoutes } from './pages/catalogue/routes.ts'
import { indicatorRoutes } from './pages/indicators/routes.ts'
import { loadSession, toSignIn } from './session.ts'

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    /** Reachable by everybody, signed in or not. */
    open?: boolean
    /** Without navigation around it. */
    bare?: boolean
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./pages/HomePage.vue'), meta: { title: 'home.title' } },
  { path: '/orders', name: 'orders', component: () => import('./pages/OrdersPage.vue'), meta: { title: 'orders.title' } },
  { path: '/orders/new', name: 'new', component: () => import('./pages/NewOrderPage.vue'), meta: { title: 'new.title' } },
  { path: '/orders/:id', name: 'order', component: () => import('./pages/OrderPage.vue'), props: true, meta: { title: 'orders.title' } },
  { path: '/fleet', name: 'fleet', component: () => import('./pages/FleetPage.vue'), meta: { title: 'fleet.title' } },
  { path: '/links', name: 'links', component: () => import('./pages/LinksPage.vue'), meta: { title: 'links.title' } },
  ...adminRoutes,
  ...catalogueRoutes,
  ...indicatorRoutes,
  { path: '/me', name: 'me', component: () => import('./pages/MePage.vue'), meta: { title: 'me.title' } },
  { path: '/password', name: 'password', component: () => import('./pages/PasswordPage.vue'), meta: { title: 'password.title', bare: true } },
  { path: '/situation/:code?', name: 'topic', component: () => import('./pages/situation/TopicPage.vue'), props: true, meta: { title: 'topic.title' } },
  { path: '/wall/:code?', name: 'wall', component: () => import('./pages/situation/TopicWall.vue'), props: true, meta: { title: 'nav.wall', bare: true } },
  { path: '/signed-out', name: 'signed-out', component: () => import('./pages/SignedOutPage.vue'), meta: { title: 'out.title', open: true, bare: true } },
  { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./pages/NotFoundPage.vue'), meta: { title: 'notFound.title' } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(async (to) => {
  if (to.meta.open === true) return true
  const me = await loadSession()
  if (me === null) {
    toSignIn(to.fullPath)
    return false
  }
  if (me.must_change_password && to.name !== 'password') return { name: 'password', query: { next: to.fullPath } }
  return true
})

export function pageTitle(key: string | undefined): string {
  return key !== undefined && known(key) ? `${t(key)} · ${t('brand')}` : t('brandFull')
}
