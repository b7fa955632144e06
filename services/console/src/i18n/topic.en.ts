/** Words of topics on wall, desk and phone, in English; the same keys as in Chinese. */
export const topicEn = {
  'topic.title': 'Topics', 'topic.choose': 'Choose a topic', 'topic.none': 'There is no topic for you', 'topic.noneHint': 'Ask your unit\'s administrator for the right to read topics',
  'topic.asOf': 'Data as of {time}', 'topic.stale': 'Data are old', 'topic.live': 'live', 'topic.denominator': '{above} / {base}', 'topic.layer': 'Layer of the map',
  'topic.page': 'Page', 'topic.openFigure': '{title}: definition and rows',
  'topic.figure': 'Definition and rows', 'topic.close': 'Close', 'topic.value': 'Value', 'topic.period': 'Period', 'topic.dataTime': 'Data time', 'topic.formula': 'Formula',
  'topic.caliber': 'Caliber', 'topic.owner': 'Owner', 'topic.ownerNone': 'not named', 'topic.source': 'Source', 'topic.sourceNone': 'computed from the orders of this site', 'topic.version': 'Version', 'topic.versionOf': 'version {n} · {code}',
  'topic.rows': 'See these {n} orders', 'topic.rowsAll': 'See the rows', 'topic.rowsNone': 'This figure comes from several sets of orders, so no list shows exactly its rows. Orders registered here in the same period:',
  'topic.rowsNear': 'Orders of the period', 'topic.action': 'Act', 'topic.area': 'Area', 'topic.month': 'Period', 'topic.unfinished': 'running period',
  'topic.name': 'Name', 'topic.noValue': 'no value', 'topic.empty': 'No data here', 'topic.more': 'All', 'topic.noOrders': 'No such orders',
  'reason.no_right': 'You may not read it', 'reason.no_such_indicator': 'No such indicator', 'reason.not_computed': 'Not computed here', 'reason.division_by_zero': 'Divided by zero: no value',
  'reason.nothing_below': 'Nothing below: no value', 'reason.too_large': 'Too large to compute',
  'alarm.title': 'Alarms', 'alarm.none': 'No alarms', 'alarm.acknowledge': 'Acknowledge', 'alarm.note': 'Note (may be empty)', 'alarm.confirm': 'Acknowledge "{title}"',
  'alarm.by': 'Acknowledged by {name}', 'alarm.value': 'now {value}, threshold {threshold}', 'alarm.stopped': 'Stopped by an alarm', 'alarm.waits': 'not acknowledged',
  'level.attention': 'attention', 'level.urgent': 'urgent', 'level.critical': 'critical',
  'nav.topics': 'Topics', 'orders.category': 'Category: {names}', 'orders.dropCategory': 'Drop the category', 'orders.severalMatters': '{n} matters',
} as const
