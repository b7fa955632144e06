/** What a tree shows and where its keys lead, without a browser; branches are loaded as they are opened. */

export interface Branch {
  id: string
  parent: string | null
  has_children: boolean
}

export interface Row<T extends Branch> {
  node: T
  level: number
  index: number
  size: number
  /** Null for a leaf. */
  open: boolean | null
}

/** The rows from top to bottom, as far as branches are open and loaded. */
export function visible<T extends Branch>(top: T, below: ReadonlyMap<string, readonly T[]>, open: ReadonlySet<string>): Row<T>[] {
  const rows: Row<T>[] = []
  const add = (node: T, level: number, index: number, size: number): void => {
    const isOpen = open.has(node.id)
    rows.push({ node, level, index, size, open: node.has_children ? isOpen : null })
    const children = isOpen ? (below.get(node.id) ?? []) : []
    children.forEach((child, at) => add(child, level + 1, at + 1, children.length))
  }
  add(top, 1, 1, 1)
  return rows
}

export interface Step {
  kind: 'focus' | 'open' | 'close'
  id: string
}

/** What a key does on a row, as trees behave everywhere: right opens or enters, left closes or leaves. */
export function step<T extends Branch>(rows: readonly Row<T>[], from: string, key: string): Step | null {
  const at = rows.findIndex((row) => row.node.id === from)
  const row = rows[at]
  if (row === undefined) return null
  const to = (target: Row<T> | undefined): Step | null => (target === undefined ? null : { kind: 'focus', id: target.node.id })
  if (key === 'ArrowDown') return to(rows[at + 1])
  if (key === 'ArrowUp') return to(rows[at - 1])
  if (key === 'Home') return to(rows[0])
  if (key === 'End') return to(rows.at(-1))
  if (key === 'ArrowRight') {
    if (row.open === false) return { kind: 'open', id: from }
    return row.open === true ? to(rows[at + 1]) : null
  }
  if (key === 'ArrowLeft') {
    if (row.open === true) return { kind: 'close', id: from }
    return to(rows.find((other) => other.node.id === row.node.parent))
  }
  return null
}
