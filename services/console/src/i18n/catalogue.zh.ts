/** Words of the catalogue of matters, in Chinese. */
export const catalogueZh = {
  'nav.catalogue': '事项目录',
  'matter.search': '事项名称或编码', 'matter.shown': '本页 {n} 项', 'matter.onlyOn': '只看在效', 'matter.on': '在效日期', 'matter.none': '没有符合条件的事项', 'matter.back': '返回目录',
  'matter.state': '状态', 'matter.notYet': '未生效', 'matter.over': '已失效', 'matter.holds': '在效', 'matter.code': '编码', 'matter.name': '名称', 'matter.name_en': '英文名称', 'matter.category': '类别', 'matter.unit_hint': '承办类别', 'matter.conditions': '受理条件', 'matter.limit': '时限', 'matter.stages': '环节时限',
  'matter.evidence': '办理佐证', 'matter.effective_from': '生效', 'matter.effective_to': '失效', 'matter.effective': '有效期', 'matter.source': '依据', 'matter.sample': '样例', 'matter.version': '版本',
  'matter.stagesDefault': '按默认环节时限', 'matter.photosN': '照片 {n} 张', 'matter.photos': '照片（张）', 'matter.position': '处置位置', 'matter.openEnd': '长期', 'matter.isSample': '样例，无依据文件', 'matter.isSourced': '有依据',
  'matter.local': '本站编制', 'matter.now': '现行内容', 'matter.current': '现行', 'matter.versions': '全部版本（{n}）', 'matter.versionN': '第 {n} 版', 'matter.compare': '比较', 'matter.with': '与此版比较', 'matter.same': '两版内容相同',
  'matter.field': '内容', 'matter.before': '之前', 'matter.after': '之后', 'matter.changes': '变化', 'matter.write': '编制新版本', 'matter.publish': '存为第 {n} 版草稿', 'matter.added': '第 {n} 版已存为草稿，送审并由另一位审核人发布后生效', 'matter.kind': '时限性质', 'matter.unit': '单位', 'matter.amount': '数量',
  'matter.sourceHint': '文件名与条款', 'matter.unsourced': '请注明依据，或标为样例', 'matter.addStage': '增加环节', 'matter.dropStage': '去掉环节 {stage}', 'matter.running': '在办工单沿用登记时的版本；新版本只用于之后登记的工单。',
  'limitKind.legal': '法定', 'limitKind.promised': '承诺', 'stage.accept': '受理', 'stage.dispatch': '分拨', 'stage.sign': '签收', 'stage.dispose': '处置', 'stage.verify': '核查', 'stage.close': '结案', 'unit.working_hour': '工作小时',
  'matter.handIn': '送审', 'matter.handInSays': '将“{name}”第 {n} 版送审，送审后由另一位审核人决定。', 'matter.note': '审核意见', 'matter.publishIt': '发布', 'matter.publishSays': '发布“{name}”第 {n} 版：之后登记的工单按此版办理。',
  'matter.refuseIt': '退回', 'matter.refuseSays': '退回“{name}”第 {n} 版，现行内容不变。', 'matter.reviewedBy': '审核 {who}',
  'versionState.draft': '草稿', 'versionState.in_review': '审核中', 'versionState.refused': '已退回', 'versionState.published': '已发布',
} as const
