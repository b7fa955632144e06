import { createApp } from 'vue'
import App from './App.vue'
import { watchConnection } from './connection.ts'
import { followLanguage } from './i18n/language.ts'
import { router } from './router.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'

followLanguage()
watchConnection()
createApp(App).use(router).mount('#app')
