import { createApp } from 'vue'
import App from './App.vue'
import { watchConnection } from './connection.ts'
import { followLanguage } from './i18n/language.ts'
import { watchOutbox } from './outbox.ts'
import { router } from './router.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'

followLanguage()
watchConnection()
watchOutbox()
createApp(App).use(router).mount('#app')
