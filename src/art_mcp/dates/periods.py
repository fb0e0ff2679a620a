"""Periods of history that catalogues use as dates, in years; BC is negative.

Dynasties without well-defined years, or with the name of another one (Jin, Zhao, Roman, Gothic), are left out.
"""

PERIODS = """
-1600 -1046 shang|商代|商朝
-1046 -256 zhou|周代|周朝
-1046 -771 western zhou|西周
-770 -256 eastern zhou|東周|东周
-475 -221 warring states|戰國|战国
-221 -206 qin dynasty|秦代|秦朝
-206 220 han|漢代|汉代|漢朝|汉朝
-206 8 western han|西漢|西汉
25 220 eastern han|東漢|东汉|後漢
220 280 three kingdoms|三國|三国
386 534 northern wei|北魏
581 618 sui dynasty|隋代|隋朝|隋
618 907 tang|唐|唐代|唐朝
907 960 five dynasties|五代
907 1125 liao|遼代|辽代
960 1279 song|sung|宋|宋代|宋朝
960 1127 northern song|北宋
1127 1279 southern song|南宋
1271 1368 yuan|元代|元朝
1271 1304 元初
1336 1368 元末
1368 1644 ming|明|明代|明朝
1644 1911 qing|ch'ing|清|清代|清朝
1912 1949 republic of china|民國時期|民国时期
300 552 kofun
538 710 asuka|飛鳥時代
710 794 nara|奈良時代
794 1185 heian|平安|平安時代
1185 1333 kamakura|鎌倉|鎌倉時代
1336 1392 nanbokucho|nambokucho|南北朝時代
1336 1573 muromachi|室町|室町時代
1573 1615 momoyama|azuchi - momoyama|桃山|桃山時代|安土桃山時代
1603 1868 edo|tokugawa|江戸|江戸時代
676 935 unified silla|통일신라|통일신라시대
918 1392 goryeo|koryo|高麗|고려|고려시대
1392 1910 joseon|choson|chosun|조선|조선시대|朝鮮時代
1897 1910 korean empire|대한제국|대한제국기
1910 1945 일제강점기
50 320 kushan
320 550 gupta
1526 1857 mughal|moghul|mogul
661 750 umayyad
750 1258 abbasid
909 1171 fatimid
1250 1517 mamluk
1256 1353 ilkhanid
1299 1922 ottoman
1370 1507 timurid
1501 1736 safavid
1751 1794 zand
1789 1925 qajar
-2686 -2181 old kingdom|altes reich|ancien empire
-2055 -1650 middle kingdom|mittleres reich|moyen empire
-1550 -1069 new kingdom|neues reich|nouvel empire
-664 -332 late period
-305 -30 ptolemaic|ptolemäisch
-323 -31 hellenistic|hellenistisch|hellénistique|helenístico
1485 1603 tudor
1558 1603 elizabethan
1603 1625 jacobean
1714 1830 georgian
1811 1820 regency
1837 1901 victorian|victoriaans
1901 1910 edwardian
1815 1848 biedermeier
1610 1643 louis xiii|ludwig xiii|luigi xiii|luis xiii
1643 1715 louis xiv|ludwig xiv|luigi xiv|luis xiv
1715 1774 louis xv|ludwig xv|luigi xv|luis xv
1774 1792 louis xvi|ludwig xvi|luigi xvi|luis xvi
"""

ERAS = """
1573 1592 tensho|天正
1592 1596 bunroku|文禄
1596 1615 keicho|慶長
1615 1624 genna|元和
1624 1644 kan'ei|寛永
1644 1648 shoho|正保
1648 1652 keian|慶安
1652 1655 joo|承応
1655 1658 meireki|明暦
1658 1661 manji|万治
1661 1673 kanbun|kambun|寛文
1673 1681 enpo|empo|延宝
1681 1684 tenna|天和
1684 1688 jokyo|貞享
1688 1704 genroku|元禄
1704 1711 hoei|宝永
1711 1716 shotoku|正徳
1716 1736 kyoho|享保
1736 1741 genbun|元文
1741 1744 kanpo|寛保
1744 1748 enkyo|延享
1748 1751 kan'en|寛延
1751 1764 horeki|宝暦
1764 1772 meiwa|明和
1772 1781 an'ei|安永
1781 1789 tenmei|temmei|天明
1789 1801 kansei|寛政
1801 1804 kyowa|享和
1804 1818 bunka|文化
1818 1830 bunsei|文政
1830 1844 tenpo|tempo|天保
1844 1848 koka|弘化
1848 1854 kaei|嘉永
1854 1860 ansei|安政
1860 1861 man'en|万延
1861 1864 bunkyu|文久
1864 1865 genji|元治
1865 1868 keio|慶応
1868 1912 meiji|明治
1912 1926 taisho|大正
1926 1989 showa|昭和
1989 2019 heisei|平成
2019 2100 reiwa|令和
1368 1398 hongwu|洪武
1403 1424 yongle|永樂|永乐
1426 1435 xuande|宣德
1436 1449 zhengtong|正統
1465 1487 chenghua|成化
1488 1505 hongzhi|弘治
1506 1521 zhengde|正德
1522 1566 jiajing|嘉靖
1567 1572 longqing|隆慶|隆庆
1573 1620 wanli|萬曆|万历
1621 1627 tianqi|天啟|天启
1628 1644 chongzhen|崇禎|崇祯
1644 1661 shunzhi|順治|顺治
1662 1722 kangxi|k'ang - hsi|康熙
1723 1735 yongzheng|雍正
1736 1795 qianlong|ch'ien - lung|乾隆
1796 1820 jiaqing|嘉慶|嘉庆
1821 1850 daoguang|道光
1851 1861 xianfeng|咸豐|咸丰
1862 1874 tongzhi|同治
1875 1908 guangxu|光緒|光绪
1909 1911 xuantong|宣統|宣统
1912 2000 minguo|民國|民国
"""
"""Eras whose years are counted: the 10th year of Meiji is 1877."""


def rows(table: str) -> list[tuple[tuple[int, int], list[str]]]:
    """The first and last year and the names in each line."""
    lines = [line.split(maxsplit=2) for line in table.strip().splitlines()]
    return [((int(first), int(last)), names.split("|")) for first, last, names in lines]
