/** Which of the two languages the page speaks; Chinese first, the choice is kept on this machine. */
import { ref, watchEffect } from 'vue'

export type Language = 'zh' | 'en'

const KEPT_AS = 'yiwang.language'

export const isChinese = (language: Language): boolean => language === 'zh'

function kept(): Language {
  try {
    return globalThis.localStorage.getItem(KEPT_AS) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh'
  }
}

export const language = ref<Language>(kept())

/** Keeps `<html lang>` true, so that screen readers read and browsers hyphenate in the right language. */
export function followLanguage(): void {
  watchEffect(() => {
    document.documentElement.lang = isChinese(language.value) ? 'zh-CN' : 'en'
  })
}

export function switchLanguage(): void {
  language.value = isChinese(language.value) ? 'en' : 'zh'
  try {
    globalThis.localStorage.setItem(KEPT_AS, language.value)
  } catch {
    // A browser that keeps nothing still switches for this visit.
  }
}
