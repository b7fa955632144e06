/** English names (Hanyu Pinyin without tone marks, generic part left out) of counties whose site file names none yet. */
const BY_CITY: Record<string, string> = {
  '4401': '03 Liwan,04 Yuexiu,05 Haizhu,06 Tianhe,11 Baiyun,12 Huangpu,13 Panyu,14 Huadu,15 Nansha,17 Conghua,18 Zengcheng',
  '4402': '03 Wujiang,04 Zhenjiang,05 Qujiang,22 Shixing,24 Renhua,29 Wengyuan,32 Ruyuan,33 Xinfeng,81 Lechang,82 Nanxiong',
  '4403': "03 Luohu,04 Futian,05 Nanshan,06 Bao'an,07 Longgang,08 Yantian,09 Longhua,10 Pingshan,11 Guangming",
  '4404': '02 Xiangzhou,03 Doumen,04 Jinwan',
  '4405': "07 Longhu,11 Jinping,12 Haojiang,13 Chaoyang,14 Chaonan,15 Chenghai,23 Nan'ao",
  '4406': '04 Chancheng,05 Nanhai,06 Shunde,07 Sanshui,08 Gaoming',
  '4407': '03 Pengjiang,04 Jianghai,05 Xinhui,81 Taishan,83 Kaiping,84 Heshan,85 Enping',
  '4408': '02 Chikan,03 Xiashan,04 Potou,11 Mazhang,23 Suixi,25 Xuwen,81 Lianjiang,82 Leizhou,83 Wuchuan',
  '4409': '02 Maonan,04 Dianbai,81 Gaozhou,82 Huazhou,83 Xinyi',
  '4412': '02 Duanzhou,03 Dinghu,04 Gaoyao,23 Guangning,24 Huaiji,25 Fengkai,26 Deqing,84 Sihui',
  '4413': '02 Huicheng,03 Huiyang,22 Boluo,23 Huidong,24 Longmen',
  '4414': '02 Meijiang,03 Meixian,22 Dabu,23 Fengshun,24 Wuhua,26 Pingyuan,27 Jiaoling,81 Xingning',
  '4415': '02 Chengqu,21 Haifeng,23 Luhe,81 Lufeng',
  '4416': '02 Yuancheng,21 Zijin,22 Longchuan,23 Lianping,24 Heping,25 Dongyuan',
  '4417': '02 Jiangcheng,04 Yangdong,21 Yangxi,81 Yangchun',
  '4418': '02 Qingcheng,03 Qingxin,21 Fogang,23 Yangshan,25 Lianshan,26 Liannan,81 Yingde,82 Lianzhou',
  '4451': "02 Xiangqiao,03 Chao'an,22 Raoping",
  '4452': '02 Rongcheng,03 Jiedong,22 Jiexi,24 Huilai,81 Puning',
  '4453': "02 Yuncheng,03 Yun'an,21 Xinxing,22 Yunan,81 Luoding",
}
const CITIES =
  '440000 Guangdong,440100 Guangzhou,440200 Shaoguan,440300 Shenzhen,440400 Zhuhai,440500 Shantou,440600 Foshan,' +
  '440700 Jiangmen,440800 Zhanjiang,440900 Maoming,441200 Zhaoqing,441300 Huizhou,441400 Meizhou,441500 Shanwei,' +
  '441600 Heyuan,441700 Yangjiang,441800 Qingyuan,441900 Dongguan,442000 Zhongshan,445100 Chaozhou,445200 Jieyang,' +
  '445300 Yunfu,810000 Hong Kong,820000 Macao,450000 Guangxi,430000 Hunan,360000 Jiangxi,350000 Fujian,460000 Hainan,710000 Taiwan'

const pair = (prefix: string) => (entry: string): [string, string] => {
  const [code = '', ...name] = entry.split(' ')
  return [prefix + code, name.join(' ')]
}

/** English name by division code. */
export const ENGLISH_NAMES: ReadonlyMap<string, string> = new Map([
  ...CITIES.split(',').map(pair('')),
  ...Object.entries(BY_CITY).flatMap(([city, names]) => names.split(',').map(pair(city))),
])
