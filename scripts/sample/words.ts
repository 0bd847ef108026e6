/** What the sample conversations are about. The last nouns of each list are held out: no training conversation has them. */
const words = (text: string): string[] => text.trim().split(/\s+/);

export const ADJECTIVES = words(`
  old new red blue green small big quiet warm cold bright dark round soft strong sweet wild slow fast clean heavy light
  deep golden silver wooden fresh dry happy lost tall broken hidden famous simple strange winter summer mountain city`);

export const NOUNS = words(`
  lanterns rivers tea maps gardens bread clocks trains kites stones letters songs clouds bridges books candles boats
  mirrors apples horses stars coffee windows birds shoes roads towers coins drums flowers forests lamps trees boxes
  honey islands pencils bells chairs doors eggs farms gloves hats ice jars keys lemons markets needles onions paintings
  rain roses sand schools shells ships silk snow soup spoons stairs stories sugar swords tables tents tigers tomatoes
  toys tunnels valleys villages violins walls waves wheels whales wind wolves wool zebras bees rabbits owls
  foxes bears cats dogs frogs geese pots plates cups knives ropes nets sails beaches caves cliffs deserts fields hills
  lakes meadows oceans ponds springs streams swamps benches carpets curtains pillows blankets baskets buckets brooms
  hammers ladders nails saws shovels kettles ovens stoves bottles bowls engines pipes pumps radios cameras balloons
  puzzles marbles dolls puppets masks crowns rings pearls feathers leaves roots seeds berries cherries grapes melons
  peaches pears plums carrots cabbages beans pumpkins potatoes mushrooms walnuts almonds pepper salt cheese butter`);

export const HELD_OUT_NOUNS = words(
  `turtles rockets umbrellas volcanoes pianos dragons oranges castles robots penguins`,
);

export const CHINESE_NOUNS = words(`
  灯笼 河流 绿茶 地图 花园 面包 时钟 火车 风筝 石头 书信 歌曲 云朵 大桥 图书 蜡烛 小船 镜子 苹果 骏马 星星 咖啡 窗户 小鸟 鞋子
  公路 高塔 硬币 大鼓 花朵 森林 台灯 树木 盒子 蜂蜜 海岛 铅笔 铃铛 椅子 房门 鸡蛋 农场 手套 帽子 冰块 钥匙 柠檬 集市 洋葱 油画
  雨水 玫瑰 沙子 学校 贝壳 轮船 丝绸 雪花 热汤 勺子 楼梯 故事 白糖 宝剑 桌子 帐篷 老虎 番茄 玩具 隧道 山谷 村庄 提琴 围墙 海浪
  车轮 鲸鱼 大风 羊毛 斑马 蜜蜂 兔子 狐狸 青蛙 盘子 杯子 沙漠 湖泊 草地 海洋 池塘 溪流 地毯 窗帘 枕头 篮子 锤子 梯子 水壶 瓶子`);

export const HELD_OUT_CHINESE_NOUNS = words(`海龟 火箭 雨伞 火山 钢琴 巨龙 橙子 城堡`);

const SYLLABLES = words(`ba ke li mo nu ra se ti vo wa zen dor fin gal hub jas kim lor mip pax rud sol tev`);
const CONSONANTS = words(`b c d f g h j k l m n p qu r s t v w x y z br ch cl dr fl gr pl sh st th tr`);
const VOWELS = words(`a e i o u ai ea ee oo ou`);

/** A word that does not exist, so that a model has to copy it rather than know it. */
export function inventedWord(random: () => number): string {
  const count = 2 + Math.floor(random() * 2);
  const ending = random() < 0.5 ? "s" : "";
  const letters = (): string =>
    pick(CONSONANTS, random) + pick(VOWELS, random) + (random() < 0.4 ? pick(CONSONANTS, random) : "");
  const syllable = random() < 0.3 ? () => pick(SYLLABLES, random) : letters;
  return Array.from({ length: count }, syllable).join("") + ending;
}

/** Two or three Chinese characters that hardly ever stand together. */
export function inventedChineseWord(random: () => number): string {
  const count = 2 + Math.floor(random() * 2);
  return Array.from({ length: count }, () => pick([...pick(CHINESE_NOUNS, random)], random)).join("");
}

export function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}
