# The demo must work in two commands, with no downloads and no rights questions: so the collection that it
# opens on is drawn here, by a seeded program, and every painter, title and date in its catalogue is invented.
"""Draw the sample collection: `python -m art_mcp.sample FOLDER` writes pictures and a SemArt-style table."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partialmethod
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SEED, DRAWN = 2026, " Drawn by art-mcp's sample script, version 1."  # a new version draws an older sample again
COLUMNS = ("IMAGE_FILE", "DESCRIPTION", "AUTHOR", "TITLE", "TECHNIQUE", "DATE", "TYPE", "SCHOOL", "TIMEFRAME")
# Painters (school, technique, brush, how broken the colour is), then motifs, then the paintings with their recipes.
SAMPLE = """
PAINTERS @ EM MARCHAND, Élise|French|Digital oil, broken colour|.9|8 @ KN NOVÁK, Klára|Bohemian|Digital oil, bold|1.15|9
@ IB BELLANDI, Ilaria|Italian|Digital oil, smooth strokes|.5|3 @ JV VERHAGEN, Jorrit|Dutch|Digital oil, fine lines|.65|4
@ RF FUENTES, Rocío|Spanish|Digital oil on a dark ground|.6|4 @ SH HOLM, Søren|Danish|Digital oil, thin strokes|.7|4
@ TC CALDERWOOD, Thomas|English|Digital oil, scumbled|.9|6
= MOTIFS @ dab orb $1 0,0 1 .7 0 @ glint orb $1 0,0 2.6 .3 0 @ clump many dab $2 -3,-2 3,2 28 .5 .9;$3 -3,-3 2,1 22;$4
-3,-3 1,0 15 @ leafy limb $1 0,1 .4,-6 1.5 .8;0,-3 -3,-8 .6 .3;0,-4 3,-8;put clump $1 $2 $3 $4 0,-7 -4,-8 4,-8 -3,-11
3,-11 0,-13 -5,-10 5,-10 0,-9 1 @ branch limb $1 0,0 .3,-3 0,-6 1 .7;put branch 0,-5.8 .75 -24 0 11;0,-5.6 .71 27;.2,-4
.46 -50 @ fir limb $1 0,1 0,-3 .7 .5;form -3.4,-.6 0,-1 3.4,-.6 1,-5 -1,-5 .7;$2 -2.6,-3.4 0,-4 2.6,-3.4 .5,-8
-.5,-8;-1.7,-6.4 0,-7 1.7,-6.4 0,-11.6 @ ship poly $1 -10,-3 -9,1.5 7,1.5 10,-4 7,-2 -6,-1.4;limb -5,-1 -5,-14 .4
.2;0,-1 0,-17;5,-1 5,-13;form $2 -8,-4 -5,-4 -2,-4 -3,-8 -5,-8.5 -7,-8 .8;-7,-9 -5,-9 -3,-9 -3,-12 -7,-12;-2.4,-4 3,-4
2.6,-9 -2.3,-9;-2,-10 2.5,-10 1.8,-15 -1.8,-15;3.4,-4 8,-4 7,-11 4,-11 @ sail form $1 -3.4,-.9 -2.6,.4 2.6,.4 3.8,-1.1
.5;limb .2,-.8 .2,-9 .25 .12;form $2 .3,-1.3 3.4,-1.6 2.4,-5 .4,-8.8 .7;0,-1.6 -2.6,-1.4 -1.2,-4.6 0,-7.6 @ swell form
$1 -10,3 -5,.4 -1,-1.2 1,-1.2 4,.2 10,3 0,4 .9;many dab $2 -2.4,-1 3,-.2 12 .1 .3 @ figure form $1 -1.6,0 -1.2,-4 -.9,-7
.9,-7 1.2,-4 1.6,0 .7;orb $2 0,-8 .75 .9 @ umbrella put figure $1 $2 0,0 .8;limb $1 .6,-4 .6,-9 .15 .15;form $3 -3.8,-7
-2.6,-9 .4,-10 3.4,-9 4.6,-7 2.4,-7.6 .5,-7.2 -1.6,-7.5 @ house poly $1 0,0 0,-5 2.6,-8 5.2,-5 5.2,0;$2 5.2,0 5.2,-5
11,-5 11,0;$3 2.5,-8.6 9,-8.6 11.5,-4.7 5.1,-4.7;orb $4 2.6,-3.3 7,-2.6 9.4,-2.6 .7 1 0 @ tower poly $1 0,1 0,-11 5,-11
5,1;orb $2 1,-9 2.5,-9 4,-7 1,-5 2.5,-5 4,-3 1,-1 .4 .6 0 @ horse limb $2 8,-10.6 9.8,-8 9.2,-2.6 .9 .3;$3 -4.6,-7.5
-4.2,-4 -3.6,-2 -3.8,0 1.7 .6;6,-9 4.4,-5.4 4.6,0 2.6;form $1 -9,-17.6 -10,-16 -11.6,-13.5 -12.8,-12 -12.4,-11 -11,-11.6
-10,-13 -9,-13 -8.3,-11 -7.8,-9 -7,-7 -1.5,-5.7 2,-6 7,-6 8.4,-8 8.2,-10.6 6,-12 3,-11.5 0,-11 -3.6,-12 -6,-14.4
-8.4,-17 1.2;limb -6,-9 -6.3,-4.4 -6,-2 -6.3,0 2.4 .6 .9;6.6,-9 5.8,-5.6 7,-3.2 6.4,0;$2 -8.6,-17.2 -6.4,-14 -4,-11.4 1
.5;orb -10.3,-14.7 .2 .2 @ swan form $1 -5,-1.6 -3,.4 2,.6 5.4,-.6 7.4,-3.2 4,-3.6 0,-3.9 -3.6,-3.4;$2 -2.4,-2.4 1,-1
5,-1.8 7.8,-4.2 3,-4.6 -.6,-4;limb $1 -4.2,-2 -5.6,-4.4 -4.2,-6.4 -4.2,-8 -5.6,-8.4 1.7 .9 .9;$3 -6,-8.3 -7.6,-7.7 .7
.15;orb #222 -6,-8.5 .2 .2 @ camel limb $1 -4,-6 -4.2,0 1.1 .5;-2.4,-6 -2.2,0;4,-6 4.2,0;5.4,-6 6.4,0;form -5,-8 -2.6,-9
-.4,-10 1,-12.6 2.6,-10 5,-9 6.6,-7 5.6,-5.4 -4,-5.6;limb -4,-7 -7,-7 -8,-10 -8,-12 1.9 .9;-7.4,-12 -10.8,-11.2 1.5
.9;form $2 -.8,-9.8 0,-13.6 2,-13.6 2.8,-9.8;orb $3 .9,-14.6 .8 .8 @ sunflower limb $3 0,0 .4,7 .5 .6;poly $1 0,-5 .7,-3
2.6,-4.4 2.4,-2.4 4.6,-2.2 3.2,-.8 5,.4 3,.9 4.2,2.8 2.2,2.2 2,4.4 .6,2.8 -.6,4.8 -1.2,2.8 -3.2,4 -2.6,1.8 -4.8,1.6
-3,.2 -4.8,-1.4 -2.8,-1.4 -3.4,-3.6 -1.4,-2.6;orb $2 0,0 2.8 2.7 .6;orb $4 0,0 1.9 1.8 @ poppy limb #562 0,0 .3,5 .25
.3;form $1 -2,-.6 -1,-1.8 .2,-1.3 1.4,-1.9 2.2,-.4 1.2,1 -1.2,1 .9;$2 -1.6,.4 0,-.4 1.8,.3 .8,1.4 -1,1.4;orb #211 0,-.1
.4 .4 @ rose orb $1 0,0 2.4 2.2;form $2 -1.8,.6 -1.4,-1.2 .4,-1.8 1.8,-.4 1.2,1.5 -.6,1.8 1.2;$1 -1.1,.2 -.3,-1.1 1,-.5
.6,.9 @ pear form $1 -.5,-4.6 .6,-4.6 1.3,-2.2 2.6,.2 2.4,2.6 0,3.4 -2.4,2.6 -2.6,.2 -1.2,-2.2 1.5;limb #432 0,-4 .5,-6
.3 .3 @ eye form #edc -2.7,.2 -.8,-1.1 .9,-1.1 2.7,.3 .6,1.2 -.9,1.2 .4;orb #432 0,0 1.3 1.3 .5;#111 0,0 .7 .7 0;#fff
-.4,-.5 .35 .35;limb #532 -3,.4 -.9,-1.4 1,-1.4 3,.6 .5 .6;$1 -4,-2.4 -1,-4.3 3,-3.4 .6 .9 @ face form #da8 #fec #743
-11.6,0 -10.6,-8 -5,-14 3,-14 10,-10 11.4,-1 10,10 5.6,18.6 0,22 -6,19 -10,10 1.3;put eye $1 -5.6,1.6 5.8,1.6 1;soft
#a64 1,0 3.6,9.4 1,12.6 .4,8 .5 .5;#d76 -9,7 -5,6 -5,12 -8,13 1.2 .4;limb #954 -2.4,12 0,13 2.4,12 .3 .4;form #a44
-4.6,16.2 -1.4,15 0,15.5 1.4,15 4.8,16.2 0,17 .4;#c66 -4,16.6 0,17 4,16.6 2,18.8 -2,18.8 .7 @ sails limb $1 -8,0 8,0 .5
.5;0,-8 0,8;limb $2 2,.8 8,.8 1.6 1.6;-2,-.8 -8,-.8;-.8,2 -.8,8;.8,-2 .8,-8 @ pad orb $1 0,0 4 1.1 .5;$2 -1,-.2 2.2 .5
.3 @ lily form $1 -2,0 -2,-1 -1,-.8 0,-2 1,-.8 2,-1 2,0;orb #fd5 0,-.6 .4 .3 @ fall limb $1 0,0 .2,4 0,10 .2 .4
= TC|680x480|landscape|c. 1842|Ships in a Gale|Two ships labour in a heavy sea as the sun breaks through.
wash #234 #566 #cb8 #877 0 62;clouds #eda #233 62 .6 30;wash #465 #123 55 90;put ship #211 #cb9 108,53 .6;many swell
#465 #cdc 0,56 142,68 50 .3 1;0,66 142,80 34 1 2;put ship #211 #eda 50,71 2.5 -9;many swell #244 #eee 0,76 142,99 30 2 4
= EM|680x510|landscape|1874|Morning in the Harbour|Fishing boats lie on calm water; the sun rises through mist.
wash #89b #cbb #fc9 #eb8 0 52;clouds #fdc #89b 46 .5 20;soft #fb6 86,34 8 .6;orb #f83 86,34 2.4 2.4 0;soft #679 0,45
26,44 52,51 0,51 .5 .7;106,47 134,43 134,51 98,51;put sail #445 #baa 60,52 1.5;76,51 1.1;mirror #cba #578 50 .85 .8;put
sail #234 #d95 34,72 3.4;#334 #a9a 112,62 2.3 0 1;many glint #fb6 #fd9 84,56 88,90 30 .4 .9
= TC|680x440|landscape|1851|Sunset over the Sea|The sun goes down and its light lies as a path on the water.
wash #457 #967 #e85 #fc6 0 56;clouds #fb5 #647 54 .5 14;soft #fd7 84,48 9 .8;orb #ffc 84,49 4 4 0;mirror #d85 #224 55 .8
1;many glint #425 #637 0,60 155,100 110 .6 3;#fe9 #fc7 76,56 92,100 120 .4 1.3;put sail #213 #324 46,62 1.9
= SH|540x680|landscape|c. 1825|Moonlit Hills|A wanderer by a bare oak looks out over hills under a full moon.
wash #123 #235 #468 #79a 0 66;clouds #abc #124 54 .4 16;soft #cde 52,28 8 .7;orb #ffe 52,28 4.2 4.2 .2;ridge #578 #8ab
.6 12 12 -5,58 20,54 40,60 62,52 90,60;#346 #68a .6 10 16 -5,70 30,63 60,70 90,62;#124 #345 .5 8 20 -5,74 20,80 50,76
90,82;#012 #011 .6 6 20 -5,86 20,81 40,88 90,96;put branch 20,88 2.7;put figure 45,90 1.1
= JV|680x510|landscape|c. 1640|Skaters by a Village|Villagers skate on a frozen river below snowy houses and a church.
wash #89a #bbc #edc 0 50;clouds #eed #9ab 44 .4 18;ridge #abb #dee .5 10 9 0,46 50,43 140,44;poly #766 91,48 91,28
94.5,13 98,28 98,48;put house #876 #765 #eef #332 97,48 1.3;#965 #865 #eee #332 36,53 1.4;#854 #643 #fff #eb5 8,57
2;66,51 1;ridge #eee #ccd .4 9 12 -5,57 30,56 60,51 140,50;wash #ccd #9ab 60 101;put branch #433 26,63 1.3;118,60
1.6;many figure #223 #733 #345 #543 50,60 128,84 24 .35 .8 1;put branch #322 9,96 2.7;many dab #fff 0,0 134,99 150 .2 .4
= KN|680x510|landscape|1928|City at Dusk|Lit windows of a great city rise above a river at nightfall.
wash #225 #548 #c68 #fa7 0 62;clouds #e88 #336 58 .5 14;soft #fb8 40,56 9 .6;many tower #447 #fd8 0,60 130,61 26 1.6
3;poly #335 57,62 57,24 60,16 61,6 62,16 65,24 65,62;many tower #224 #fd7 0,62 130,63 50 .8 2;mirror #436 #113 62 .9 1.3
= KN|540x680|genre|1911|Street in the Rain|People with umbrellas hurry along a wet avenue of lit shops.
wash #568 #dca 0 62;soft #fea 40,54 6 1;many tower #667 #fc8 27,60 50,61 6 1 2;poly #345 0,0 8,0 29,36 29,62 0,76;80,0
72,0 51,36 51,62 80,76;#fc7 1,50 9,52 9,66 1,70;12,53 17,54 17,62 12,64;71,52 79,50 79,70 71,66;limb #123 14,72 14,42 .8
.8;66,72 66,42;soft #fea 14,41 2 1;66,41;put umbrella #223 #334 #c43 37,66 .8;mirror #98a #345 62 .7 1.3;put umbrella
#112 #334 #b33 28,86 2;#112 #334 #25a 53,80 2;#112 #334 #ca3 66,95 2.6;many fall #abc 0,0 80,96 60 .2 .5
= RF|680x510|still-life|c. 1635|Bowl of Fruit|Apples, oranges, pears and grapes fill a blue bowl on a table.
wash #111 #322 #432 0 68;soft #754 30,20 16 .4;wash #643 #321 66 101;form #dcb -4,70 20,67 60,72 66,84 60,103 20,106
-4,104 .3;soft #100 54,78 106,78 100,84 58,84 2 .6;put pear #cb4 84,44 3 14;orb #d72 #fc6 #731 52,50 88,56 9 9 1.5;#b32
#f86 #400 70,46 76,58;#ca3 #fe8 #641 60,57;form #358 #ace #113 40,58 66,63 96,58 88,76 78,82 58,82 48,76 1.2;orb #a22
#f86 #400 30,80 8 8 1.5;put pear #ba4 110,80 3 70;orb #425 #a8c #112 42,86 46,84 50,87 45,89 49,91 53,90 54,86 57,89 3 3
= IB|600x600|still-life|1948|Bottles and a Jug|Three bottles, a jug and a cup stand close in even light.
wash #ba9 #cba 0 66;#a97 #cb9 64 101;soft #654 28,84 88,82 100,87 40,91 2 .5;form #743 #b87 #321 18,43 22,43 23,56 28,62
28,85 12,85 12,62 17,56 1.3;#456 #9ab #223 50,21 55,21 56,44 61,50 61,86 44,86 44,50 49,44;#edc #fff #987 34,29 39,29
40,48 46,55 46,88 28,88 28,55 33,48;limb #ca6 #fd9 #753 75,58 86,60 86,74 75,78 2.4 2.2 1;form 60,52 77,52 79,68 76,88
62,88 58,68 1.4;orb #643 68.5,53 8.6 2 .3;form #8a9 #bca #465 84,72 97,72 95,89 86,89 1.2;orb #465 90.5,73 6 1.3 .3
= IB|540x680|still-life|1883|Roses in a Green Vase|A bunch of pink, white and yellow roses in a glazed vase.
wash #444 #665 #543 0 80;soft #a97 14,22 16 .4;wash #753 #432 78 101;soft #211 36,89 68,86 74,92 40,95 2 .6;put clump
#232 #242 #363 #574 26,28 40,22 54,28 22,42 58,42 32,54 50,54 40,40 3;form #376 #adc #122 34,58 46,58 45,63 52,72 51,84
46,92 34,92 29,84 28,72 35,63 1.4;many rose #d68 #f9b #fdd #ffe #fe9 #fb8 18,20 62,56 26 2 3 1;26,24 54,54 10 2.8
= KN|600x600|landscape|1889|Field of Sunflowers|Sunflowers turn their heads to the light under a summer sky.
wash #37c #dee 0 46;clouds #fff #9bd 42 .5 20;ridge #575 1 9 14 0,40 70,38;wash #ba2 #572 #241 45 101;many dab #eb2 #783
0,44 99,58 400 .4 1 1;#352 0,56 99,99 99 1 4;many sunflower #d91 #fc2 #463 #421 0,52 99,70 60 .4 1;0,70 99,98 26 1 3
= EM|680x480|landscape|1876|Poppies near the Village|A woman with a parasol walks through a meadow red with poppies.
wash #69d #ace #eee 0 46;clouds #fff #abd 42 .55 22;ridge #79b #9b9 .5 12 10 -5,40 60,37 150,40;put leafy #443 #242 #463
#795 8,50 21,49 34,50 46,48 118,50 134,51 1.4;put house #edc #dcb #b64 #567 66,48 .9;ridge #ab6 #674 .3 10 30 -5,48
60,46 150,51;many dab #8a5 #bc6 #584 #cb7 0,50 144,101 400 .3 1.5 1;many poppy #d32 #e53 #b21 0,56 144,78 220 .3 .8
1;put umbrella #eee #dcb #57a 92,76 1.7;many poppy #d32 #f54 #a11 0,78 144,102 100 .8 1.7 1
= IB|540x680|portrait|c. 1668|Young Woman in Blue|A young woman in a blue shawl turns to us from a dark ground.
wash #322 #111 0 101;form #25a #7ad #013 22,66 23,30 31,14 43,9 55,15 60,32 61,66 56,76 28,76;#b83 #ec7 #430 4,104 8,86
20,74 32,66 49,66 62,74 72,86 76,104;limb #b75 #da8 #532 41,50 41,70 13 17 .8;put face #532 41,36 1;form #321 28.6,38
30,25 41,18 52,26 53.4,40 50,30 44,24 38,24 32,30;#36a #8be #013 0,104 2,88 12,76 25,64 31,68 26,84 25,104;80,104 78,88
68,76 57,63 51,69 57,86 58,104;25,40 24,26 32,14 43,10 54,15 58,28 57,40 51,22 42,16 34,20;orb #fff 54,50 1.2 1.5
= RF|540x680|portrait|c. 1652|Old Man with a Hat|An old man with a white beard looks out from under a broad hat.
wash #321 #110 0 101;soft #642 8,40 16 .5;form #421 #743 #100 0,104 4,84 18,72 34,66 48,66 64,72 76,84 80,104;put face
#cba 41,37 1;soft #311 27,22 55,22 55,30 27,30 1 .6;form #ccb #fed #665 27,42 29,54 33,51 41,50 49,51 52,54 55,42 56,58
52,72 46,82 40,85 34,80 28,70 25,56 1.1;#933 37,54 41,53.4 45,54 41,56;#dcc #fff #776 41,49 44,49 49,52 51,58 45,55
41,52 37,55 31,58 33,52 38,49;many fall #fee #a99 32,56 50,68 26 .5 1.1 1;form #211 #543 #000 6,30 16,25 30,21 52,21
66,25 76,31 62,33 41,29 20,32;25,24 26,11 34,5 48,5 56,11 57,24 41,27;limb #633 25,22 41,25 57,22 2 2
= TC|680x510|landscape|1798|Bay Horse in a Meadow|A bay horse stands in a summer meadow before old trees.
wash #79c #cdd #fec 0 56;clouds #fed #9ab 50 .55 22;ridge #79a #9a9 .6 14 12 0,50 70,46 140,48;put leafy #332 #232 #352
#683 110,66 128,68 2.6;6,62 20,60 1.7;ridge #aa5 #563 .4 10 34 -5,62 60,60 140,64;many dab #894 #bb5 #563 0,64 134,99
300 .3 2;soft #231 40,89 92,87 96,92 44,94 2 .7;put horse #831 #210 #421 66,91 3.5;many dab #673 30,88 100,96 90 .3 .8
= SH|600x640|genre|1908|Cat on the Windowsill|A tabby cat sits on a windowsill before a garden in morning light.
wash #bcc #eec #cca 0 74;many dab #8a7 #ab8 #7a6 0,30 94,70 130 1 2.6 1;limb #eed 22,-2 22,74 2.4 2.4;wash #edd #ba9 74
101;soft #665 34,84 80,80 86,86 40,88 1.6 .6;limb #864 #ca8 #321 54,80 66,84 76,76 6 4 1;form #a75 #db8 #432 29,84 28,68
33,54 39,47 49,47 55,54 60,68 59,84 44,87 1.2;#fed 38,50 44,53 50,50 49,62 44,68 39,62;limb #a85 #dc9 #542 40,58 39,72
38,84 7 6 .9;48,58 49,72 50,84;poly #864 32,36 33,19 43,29;56,36 55,19 45,29;#d98 35,31 35,22 40,29;53,31 53,22
48,29;form #a85 #ec9 #543 32,38 33,31 39,27 49,27 55,31 56,38 53,45 44,49 35,45 1.2;limb #432 44,27 44,33 .8 .4;40,27
41,33;48,27 47,33;32,38 36,39;56,38 52,39;29,70 35,72;orb #fed 42.4,44 45.6,44 3 3 .8;#cd6 39,37 49,37 2.6 2.2 .5;#110
39,37 49,37 .7 1.9 0;poly #c76 42.6,41 45.4,41 44,43;limb #fff 41,43 32,42 .2 .1;41,45 32,46;47,43 56,42;47,45 56,46
= SH|680x510|landscape|1896|Swans on a Dark Pond|Three swans glide on a pond in the shadow of trees.
wash #687 #ab9 #dda 0 40;put leafy #122 #121 #242 #473 8,42 38,40 66,42 98,42 128,43 2.7;ridge #242 #352 .5 6 8 -5,38
70,39 140,37;mirror #465 #011 44 .8 1.1;put swan #fee #fff #e72 98,58 1.6 0 1;52,76 3;100,84 2.3;soft #eff 40,79 72,79
68,83 46,83 .8 .5;90,86 114,86 110,89 94,89;limb #573 4,102 8,60 .8 .2;10,102 9,66;14,102 20,70
= KN|680x480|landscape|1907|Mountain Lake|Snow peaks rise above a still lake that repeats them upside down.
wash #48c #ace #fed 0 56;clouds #fff #abd 46 .48 14;ridge #fff #78a #569 2 12 34 .5 -5,34 16,24 34,38 52,20 74,8 94,26
112,16 150,36;#468 #356 1.4 7 16 .3 -5,44 26,40 56,50 96,48 124,38 150,40;mirror #58a #135 57 .85 .6;ridge #353 #121 .6
6 14 -5,86 30,92 60,97 100,99 150,90;many fir #132 #243 0,84 40,100 14 1.4 3.4;118,84 143,98 9
= EM|600x600|landscape|1891|Autumn Path|A path strewn with leaves runs between trees in red and gold.
wash #cdd #fea #eb6 0 62;soft #ffd 52,48 12 .8;ridge #b73 #841 .5 8 40 -5,62 50,60 105,62;form #db7 #fda #863 49,60
53,60 58,70 74,104 20,104 40,74 48,64 .4;put leafy #432 #a41 #d72 #fb3 37,63 64,63 2;#321 #821 #c51 #f92 20,73 82,75
3.4;#211 #721 #b31 #e82 0,94 99,96 4.4;many dab #d72 #fb3 #b41 #e92 0,60 99,24 400 1.2 .5 1;0,64 99,99 420 .3 1.3
= JV|680x510|landscape|c. 1660|Windmill by the Canal|A tall mill stands on a canal under a bank of cloud.
wash #57a #abb #edb 0 64;clouds #fed #789 62 .66 34;ridge #787 #896 .4 9 8 -5,62 60,61 140,63;form #543 #a86 #221 76,67
81,38 83,33 91,33 93,38 98,67 1.2;#432 81,35 84,29 88,28 92,31 93,36;put sails #432 #dca 86,34 3 24;put house #a75 #854
#743 #221 99,68 1.6;put leafy #332 #232 #452 #784 128,69 1.5;ridge #784 #452 .4 8 10 -5,68 60,70 90,66 140,67;mirror
#bba #456 72 .85 .7;put sail #211 #a74 34,84 3.2;ridge #563 #231 .5 4 12 -5,94 30,98 60,106 140,92
= SH|540x680|landscape|1838|Waterfall in the Forest|A waterfall drops between rocks and firs into a dark pool.
wash #abc #ded #eed 0 40;many fir #577 #687 0,26 80,34 16 .8 1.2;ridge #676 #454 #343 1.2 8 40 .35 -5,22 20,26 34,27
46,27 60,24 85,20;many fir #243 #354 0,20 28,32 18 1 2;52,18 80,30;poly #bcd 33,27 47,27 48,50 52,76 28,76 32,50;many
fall #fff #def #9bc 33,27 46,68 110 .5 1.1 1;form #454 #898 #121 18,40 30,34 33,44 31,60 27,78 14,82;62,38 50,34 47,46
49,60 54,78 68,82;mirror #799 #133 76 .7 1.2;soft #fff 28,70 52,70 56,79 24,79 2.6 .85;form #343 #787 #111 -4,104 -2,88
10,84 20,90 24,104;54,104 58,92 68,86 84,88 86,104;many fir #132 #243 2,78 16,92 5 2.4 3.4;66,76 80,90
= RF|680x440|landscape|1862|Caravan at Evening|Camels and riders cross the dunes while the sun sets.
wash #658 #d86 #fc7 0 62;soft #fea 104,46 9 .7;orb #ffd 104,46 5 5 0;ridge #c85 #b74 .3 20 20 -5,60 40,52 80,58
170,50;#d95 #a53 .2 20 26 -5,72 50,66 100,68 170,74;soft #631 20,70 116,71 112,74 30,73 1 .5;put camel #421 #cba 34,69
1.3;#421 #a32 57,69 1.4;#421 #357 80,69 1.5;#421 #ca4 105,70 1.6;ridge #843 #422 .2 24 30 -5,78 40,90 90,84 170,96
= KN|540x680|other|1957|Red over Ochre|Soft fields of red, orange and ochre float on a dark ground.
wash #511 #411 0 101;soft #c32 9,8 71,8 71,40 9,40 1.2 .95;#e72 9,44 71,44 71,66 9,66;#eb4 9,70 71,70 71,93 9,93
= SH|600x640|interior|1901|Sunlit Room|A woman with her back to us stands in a bare, quiet room.
wash #776 #998 #887 0 78;#765 #432 77 101;poly #665 11,12 41,12 41,54 11,54;#eff 13,14 25,14 25,32 13,32;27,14 39,14
39,32 27,32;13,34 25,34 25,52 13,52;27,34 39,34 39,52 27,52;poly #786 66,20 90,20 90,78 66,78;soft #fec 36,80 60,80
74,96 44,96 1 .5;#332 50,84 60,88 78,90 60,92 2;form #223 #556 #011 45,92 46,76 50,64 49,54 51,47 55,45 59,47 61,54
60,64 64,76 66,92;limb #eb9 #fdb #864 55,47 55,41 3 2.6 .8;form #421 #964 #110 51,38 52,34 55,32 58,34 59,38 58,42 52,42
= EM|680x510|landscape|1904|Water Lilies|White and rose lilies float on a pond that mirrors willows and sky.
wash #365 #69a #abd #57a 0 101;soft #edd 76,26 14 .5;many glint #79b #abd #68a 0,0 134,100 160 1 3 1;many fall #243 #474
#575 0,-12 40,22 90 1 4 1;99,-9 134,16 50;many pad #485 #7a7 #376 0,14 134,52 46 .4 1.2 1;0,54 58,96 32 1.3 2.5;78,56
134,98 26;many lily #fff #fab 4,18 130,52 22 .5 1 1;put lily #fff 26,66 48,74 112,70 2;#fab 14,82 96,84 120,90 2.6
= KN|680x510|landscape|1890|Night over the Valley|Stars and a crescent moon blaze above a village and a cypress.
wash #125 #249 #37b #7aa 0 72;clouds #8bd #138 60 .5 18;soft #fea 20,12 4 .7;44,22;96,12;78,28;#fd7 114,18 7;orb #ffd
20,12 44,22 96,12 78,28 1.3 1.3 0;60,8 36,42 66,44 122,42 8,36 .7 .7;form #fd7 110,10 116,11 119,18 116,25 110,26 114,22
115,18 114,14 .4;ridge #248 #136 .6 12 12 -5,62 30,58 60,64 100,56 140,60;poly #123 70,84 70,66 72.5,50 75,66 75,84;put
house #357 #246 #124 #fd6 76,85 1.3;50,83 1.1;96,84 1.2;114,88 1.5;36,88 1.2;many dab #143 #132 #254 30,80 134,88 140 .6
1.4 1;form #022 #254 #011 6,104 5,80 8,60 11,40 15,14 18,36 22,58 26,80 28,104;many fall #254 #011 8,36 21,84 30 1 2 1
"""
*LISTS, SCENES = SAMPLE.split("\n= ", 2)
PAINTERS, MOTIFS = (dict(entry.split(None, 1) for entry in part.split("@")[1:]) for part in LISTS)


def fractal(rng: np.random.Generator, shape: tuple, across: float, down: float, octaves: int = 5) -> np.ndarray:
    """Cloud-like noise of unit spread; its largest features measure `across` by `down` pixels."""
    total = np.zeros(shape, np.float32)
    for k in range(octaves):
        grid = [int(n / max(cell / 2**k, 1.5)) + 3 for n, cell in zip(shape, (down, across), strict=True)]
        layer = Image.fromarray(rng.standard_normal(grid, np.float32))
        total += 0.55**k * np.asarray(layer.resize(shape[::-1], Image.Resampling.BICUBIC))
    return total / (total.std() + 1e-6)


def gradient(colours: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(t, np.linspace(0, 1, len(colours)), band) for band in colours.T], -1)


def spline(points: np.ndarray, closed: bool) -> np.ndarray:
    """A Catmull-Rom curve through complex points."""
    knots = np.r_[points[-1:], points, points[:2]] if closed else np.r_[points[:1], points, points[-1:]]
    a, b, c, d = (knots[k : len(knots) - 3 + k, None] for k in range(4))
    t = np.arange(8) / 8
    curve = b + (c - a) / 2 * t + (a - 2.5 * b + 2 * c - d / 2) * t**2 + (1.5 * (b - c) + (d - a) / 2) * t**3
    return np.append(curve.ravel(), [] if closed else points[-1:])


class Canvas:
    """An underpainting. Its verbs are the commands of the recipes; lengths are hundredths of the height."""

    def __init__(self, width: int, height: int, rng: np.random.Generator):
        self.image, self.rng, self.unit = Image.new("RGB", (width, height)), rng, height / 100
        self.origin, self.turn, self.mirrored = 0j, 1 + 0j, False

    def draw(self, recipe: str, paints: np.ndarray | None = None) -> None:
        """Run commands `verb motif #rgb.. x,y.. number..;` what is left out stays as it was before."""
        colours = paints
        for words in map(str.split, recipe.split(";")):
            if words[0][0].isalpha():
                verb, names, numbers = words[0], [word for word in words[1:] if word[0].isalpha()], []
            hues = [paints[(int(w[1]) - 1) % len(paints)] for w in words if w[0] == "$"]
            hues += [[17.0 * int(digit, 16) for digit in w[1:]] for w in words if w[0] == "#"]
            colours = np.array(hues) if hues else colours
            given = [float(w) for w in words if w[0] in "-.0123456789" and "," not in w]
            numbers = given + numbers[len(given) :]
            points = np.array([complex(*map(float, w.split(","))) for w in words if "," in w])
            points = self.origin + self.turn * (-points.conj() if self.mirrored else points)
            getattr(self, verb)(colours, points * self.unit, *names, *numbers)

    def lay(self, pixels: np.ndarray, x: int, y: int, mask: np.ndarray) -> None:
        cover = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
        self.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), (x, y), cover)

    def form(self, colours, points, roundness=1.0, curved=True) -> None:
        """A solid: its silhouette, inflated and lit from the upper left. Colours: body, light, shadow."""
        edge, body = spline(points, True) if curved else points, colours[0]
        x, y = (max(0, int(side.min()) - 2) for side in (edge.real, edge.imag))
        wide = max(2, int(min(self.image.width, edge.real.max() + 3)) - x)
        high = max(2, int(min(self.image.height, edge.imag.max() + 3)) - y)
        mask = Image.new("L", (wide * 2, high * 2))
        ImageDraw.Draw(mask).polygon([(p.real * 2, p.imag * 2) for p in edge - complex(x, y)], fill=255)
        mask = mask.reduce(2)
        if wide * high < 200:
            return self.image.paste(tuple(map(int, np.clip(body, 0, 255))), (x, y), mask)
        light, shadow = colours[1:3] if len(colours) > 2 else (body * 0.72 + 80, body * 0.38)
        lit = 0.08 * fractal(self.rng, (high, wide), 45, 45, 3)
        for part in (4, 12) if roundness else ():
            sigma = max(1.0, roundness * min(wide, high) / part)
            down, right = np.gradient(np.asarray(mask.filter(ImageFilter.GaussianBlur(sigma)), np.float32))
            lit += (right * 0.6 + down * 0.7) * sigma / 160
        tone = np.maximum(lit, 0)[..., None] * (light - body) + np.clip(lit, -1, 0)[..., None] * (body - shadow)
        self.lay(body + tone, x, y, np.asarray(mask) / 255)

    poly = partialmethod(form, roundness=0, curved=False)

    def orb(self, colours, points, across, down, roundness=1.0) -> None:
        ring = np.exp(0.2j * np.arange(31.4)) * self.turn * self.unit
        for centre in points:
            self.form(colours, centre + ring.real * across + 1j * ring.imag * down, roundness, False)

    def limb(self, colours, points, start, end, roundness=0.0) -> None:
        """A tapering line: a mast, a leg, a branch."""
        curve = spline(points, False)
        side = np.exp(1j * np.angle(np.gradient(curve))) * abs(self.turn) * self.unit * 0.5j
        side *= np.linspace(start, end, len(curve))
        self.form(colours, np.append(curve + side, (curve - side)[::-1]), roundness, False)

    def soft(self, colours, points, blur, strength) -> None:
        """A see-through patch with a blurred edge: a shadow, a beam, a blush; round a single point, a glow."""
        blur, mask = float(blur * abs(self.turn) * self.unit), Image.new("L", self.image.size)
        edge = points[0] + 1.3 * blur * np.exp(0.3j * np.arange(21)) if len(points) == 1 else points
        ImageDraw.Draw(mask).polygon([(p.real, p.imag) for p in edge], fill=int(255 * strength))
        self.image.paste(tuple(map(int, colours[0])), (0, 0), mask.filter(ImageFilter.GaussianBlur(blur)))

    def ridge(self, colours, points, rough, cell, fade, relief=0.0) -> None:
        """Land from a skyline to the bottom edge; its colours run down from the crest over `fade`."""
        line, cell = points if relief else spline(points, False), cell * self.unit
        crest = np.interp(np.arange(self.image.width), line.real, line.imag)
        crest += rough * self.unit * fractal(self.rng, (2, len(crest)), cell, 9)[0]
        depth = np.arange(self.image.height)[:, None] - crest
        bumps = fractal(self.rng, depth.shape, cell, cell * (0.5 + relief))
        slope = 1 + (0.05 + relief * 0.5) * np.gradient(bumps, axis=1) * cell / 9
        tone = gradient(colours, depth / (fade * self.unit) + (0.06 + relief * 0.3) * bumps)
        self.lay(tone * slope[..., None], 0, 0, depth + 0.5)

    def wash(self, colours, points, top, bottom) -> None:
        self.ridge(colours, np.array([0, 9e3]) + 1j * top * self.unit, 0, 60, bottom - top)

    def clouds(self, colours, points, bottom, amount, size) -> None:
        """Banks of cloud lit from above: light colour, dark colour."""
        t = np.linspace(0, 1, int(bottom * self.unit))[:, None]
        size, step = size * self.unit, int(size * self.unit / 8)
        field = fractal(self.rng, (len(t) + step, self.image.width + step), size * 2.2, size, 6)
        mass, lit = field[:-step, :-step], field[:-step, :-step] - field[step:, step:]
        cover = (mass + amount * 2 - 1) * 0.9 * np.clip(np.minimum(t * 8 + 0.6, (1 - t) * 5), 0, 1)
        self.lay(gradient(colours[::-1], 0.5 + lit * 0.45), 0, 0, np.clip(cover, 0, 0.95))

    def mirror(self, colours, points, line, strength, ripple) -> None:
        """Water that reflects what stands above `line`: far colour, near colour."""
        seen, first = np.asarray(self.image, np.float32), int(line * self.unit)
        shape, ripple = (len(seen) - first, seen.shape[1]), ripple * self.unit
        wave, away = fractal(self.rng, shape, 30 * ripple, 1.6 * self.unit, 4), np.linspace(0, 1, shape[0])[:, None]
        y = first - np.arange(shape[0])[:, None] * 0.9 - np.abs(wave) * ripple * (0.4 + 2.4 * away)
        x = np.clip(np.arange(shape[1]) + wave * ripple * (0.3 + 1.5 * away), 0, shape[1] - 1)
        tint = gradient(colours, away + 0.15 * wave)
        seen = seen[np.clip(y, 0, first).astype(int), x.astype(int)] - tint
        self.lay(tint + seen * (strength * (1 - 0.35 * away))[..., None], 0, first, np.ones(shape))

    def put(self, colours, points, motif, size, turn=0.0, flip=0.0, sway=0.0) -> None:
        """A motif at each point, scaled, turned, perhaps mirrored; $1 is the first colour given."""
        kept = self.origin, self.turn, self.mirrored
        for point in points if abs(self.turn) * size * self.unit > 0.9 else ():
            lean = np.exp(1j * np.radians(turn + self.rng.normal(0, sway)))
            self.origin, self.turn, self.mirrored = point / self.unit, kept[1] * size * lean, flip != kept[2]
            self.draw(MOTIFS[motif], colours)
            self.origin, self.turn, self.mirrored = kept

    def many(self, colours, points, motif, count, small, large, mixed=0.0) -> None:
        """A motif scattered between two corners, from far to near; mixed: its colours change places."""
        reach = points[1] - points[0]
        for t in np.sort(self.rng.random(int(count))):
            spot = points[0] + complex(reach.real * self.rng.random(), reach.imag * t)
            size, flip = (small + (large - small) * t) * self.rng.uniform(0.75, 1.25), self.rng.random() < 0.5
            paints = np.roll(colours, self.rng.integers(len(colours)), 0) if mixed else colours
            self.put(paints + self.rng.normal(0, 5), [spot], motif, size, 0, flip, 5)


@cache
def brushes(width: int) -> list[list[Image.Image]]:
    """Marks of one brush: for every direction, some strokes with ragged ends and bristle streaks."""
    rng, marks = np.random.default_rng(width), []
    v, u = np.mgrid[-1 : 1 : complex(0, width * 2), -1 : 1 : complex(0, width * 7)]
    for _ in range(4):
        streaks = fractal(rng, u.shape, width * 10, max(2.0, width / 3), 2)
        bent = np.abs(v + rng.uniform(-0.25, 0.25) * (u**2 - 0.4))
        body = np.clip((1 - bent**3 - np.abs(u + 0.08 * streaks) ** 5) * 3, 0, 1)
        marks.append(Image.fromarray((body * np.clip(0.8 + 0.22 * streaks, 0.25, 1) * 255).astype(np.uint8)))
    return [[m.rotate(-7.5 * k, Image.Resampling.BICUBIC, True).reduce(2) for m in marks] for k in range(24)]


def oil(reference: Image.Image, rng: np.random.Generator, brush: float, broken: float) -> Image.Image:
    """Paint a picture over in oil: strokes along its contours, coarse to fine, then relief and varnish."""
    width, height = reference.size
    down, right = np.gradient(np.asarray(reference.convert("L").filter(ImageFilter.GaussianBlur(3)), np.float32))
    drift = 0.7 * fractal(rng, down.shape, width / 2, height / 2, 2)
    across, along = right**2 - down**2 - 2 * np.cos(drift), 2 * right * down - 2 * np.sin(drift)
    angle = np.arctan2(along, across) / 2 + np.pi / 2
    canvas = Image.new("RGBA", reference.size, (120, 90, 70, 120))  # the fourth band is the paint's thickness
    for wide, allowed in ((18, -99), (9, 14), (5, 22), (3, 30)):
        wide = max(3, round(wide * brush))
        target = np.asarray(reference.filter(ImageFilter.GaussianBlur(wide / 4)), np.float32)
        spots = np.mgrid[0 : height : wide * 0.75, 0 : width : wide * 0.75].reshape(2, -1)
        spots += rng.uniform(-0.4, 0.4, spots.shape) * wide
        y, x = np.clip(spots, 0, [[height - 1], [width - 1]]).astype(int)
        error = np.abs(np.asarray(canvas, np.float32)[y, x, :3] - target[y, x]).sum(-1)
        y, x = rng.permutation(np.stack([y, x])[:, error > allowed], 1)
        tints = target[y, x] + broken * (rng.normal(0, 1, (len(x), 1)) + rng.normal(0, 0.8, (len(x), 3)))
        turns = ((angle[y, x] + rng.normal(0, 0.12, len(x))) / np.pi * 24).round() % 24
        rest = rng.integers(4, size=len(x)), np.clip(tints, 0, 255), rng.uniform(90, 165, len(x))
        for a, b, turn, kind, *tint in np.column_stack([x, y, turns, *rest]).astype(int).tolist():
            mark = brushes(wide)[turn][kind]
            canvas.paste(tuple(tint), (a - mark.width // 2, b - mark.height // 2), mark)
    painted = np.asarray(canvas, np.float32)
    relief = painted @ (0.08, 0.08, 0.08, 1)
    shine = np.clip(relief - np.roll(relief, (-1, -1), (0, 1)), -45, 45) * -0.16
    y, x = np.ogrid[-1 : 1 : complex(0, height), -1 : 1 : complex(0, width)]
    varnish = (1 - 0.16 * np.clip(x**2 + y**2 - 0.5, 0, 2))[..., None] * (1.01, 1.0, 0.96)
    return Image.fromarray(np.clip((painted[..., :3] + shine[..., None]) * varnish, 0, 255).astype(np.uint8))


def catalogue() -> Iterator[tuple]:
    """Of every painting: its row of the table, its size, the painter's brush, its recipe."""
    for heading, recipe in (scene.split("\n", 1) for scene in SCENES.split("\n= ")):
        key, size, kind, date, title, about = heading.split("|")
        author, school, technique, *brush = PAINTERS[key].split("|")
        start = (int(date[-4:]) - 1) // 50 * 50 + 1
        row = (title.lower().replace(" ", "-") + ".jpg", about + DRAWN, author, title, f"{technique}, {size} px")
        row += (date, kind, school, f"{start}-{start + 49}")
        yield row, map(int, size.split("x")), map(float, brush), recipe


def draw_scene(number: int) -> Image.Image:
    """One painting of the catalogue, the same whenever it is drawn."""
    _, size, brush, recipe = list(catalogue())[number]
    canvas = Canvas(*size, np.random.default_rng([SEED, number]))
    canvas.draw(recipe)
    return oil(canvas.image, canvas.rng, *brush)


def write_sample(folder: Path, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """Draw the collection into `folder`, unless it is there already; the path of its table."""
    table, rows = folder / "catalogue.tsv", [COLUMNS, *(row for row, *_ in catalogue())]
    files = [folder / "images" / row[0] for row in rows[1:]]
    text = "".join("\t".join(row) + "\n" for row in rows)
    if table.exists() and table.read_text("utf-8") == text and all(file.exists() for file in files):
        return table
    files[0].parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for done, picture in enumerate(pool.map(draw_scene, range(len(files)))):
            picture.save(files[done], quality=92)
            if progress:
                progress(done + 1, len(files))
    table.write_text(text, "utf-8")  # last, as it says that the pictures are there
    return table


if __name__ == "__main__":
    print(write_sample(Path(sys.argv[1]), progress=lambda done, total: print(f"{done}/{total}", end="\r")))
