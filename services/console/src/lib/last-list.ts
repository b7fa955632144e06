/** The filter of the list that was left for an order, so that "back" finds it again. */
import { shallowRef } from 'vue'

export const lastList = shallowRef<Record<string, string>>({})
