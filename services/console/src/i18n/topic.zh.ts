/** Words of topics on wall, desk and phone. */
export const topicZh = {
  'topic.title': '专题', 'topic.choose': '选择专题', 'topic.none': '没有您可以查看的专题', 'topic.noneHint': '请联系本单位管理员授予专题查看权限',
  'topic.asOf': '数据截至 {time}', 'topic.stale': '数据已陈旧', 'topic.live': '实时', 'topic.denominator': '{above} / {base}', 'topic.layer': '地图图层',
  'topic.page': '页面', 'topic.openFigure': '{title}：查看口径与明细',
  'topic.figure': '口径与明细', 'topic.close': '关闭', 'topic.value': '数值', 'topic.period': '统计时段', 'topic.dataTime': '数据时间', 'topic.formula': '公式',
  'topic.caliber': '口径', 'topic.owner': '责任单位', 'topic.ownerNone': '未指定', 'topic.source': '来源', 'topic.sourceNone': '由本站点工单计算', 'topic.version': '版本', 'topic.versionOf': '第 {n} 版 · {code}',
  'topic.rows': '查看这 {n} 件工单', 'topic.rowsAll': '查看明细', 'topic.rowsNone': '这个数由多组工单计算，名单无法恰好筛出；可看同一区划、同一时段登记的工单：',
  'topic.rowsNear': '同时段登记的工单', 'topic.action': '处置', 'topic.area': '区划', 'topic.month': '时段', 'topic.unfinished': '本期未完',
  'topic.name': '名称', 'topic.noValue': '无值', 'topic.empty': '此处没有数据', 'topic.more': '全部', 'topic.noOrders': '没有符合条件的工单',
  'reason.no_right': '没有查看权限', 'reason.no_such_indicator': '没有此指标', 'reason.not_computed': '本区划未计算', 'reason.division_by_zero': '分母为零，无值',
  'reason.nothing_below': '没有下级，无值', 'reason.too_large': '数值过大，无法计算',
  'alarm.title': '告警', 'alarm.none': '没有告警', 'alarm.acknowledge': '确认', 'alarm.note': '确认说明（可不填）', 'alarm.confirm': '确认告警“{title}”',
  'alarm.by': '{name} 已确认', 'alarm.value': '现值 {value}，阈值 {threshold}', 'alarm.stopped': '有告警，轮播已停', 'alarm.waits': '待确认',
  'level.attention': '关注', 'level.urgent': '紧急', 'level.critical': '特急',
  'nav.topics': '专题', 'orders.category': '类别：{names}', 'orders.dropCategory': '去掉类别条件', 'orders.severalMatters': '{n} 个事项',
} as const
