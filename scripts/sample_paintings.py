"""The sample's paintings: who painted them, what the catalogue says, and the recipe by which each is drawn.

Every painter, title and date is invented, so the pictures may be used for anything.

A recipe is a list of commands, separated by semicolons: `verb [motif] #rgb.. x,y.. number..`. The verbs are the methods
of `Canvas` in draw_sample.py, which names what the numbers mean. Lengths and points are hundredths of the picture's
height, with the origin at the top left. A command without a verb repeats the verb before it, and whatever is left out
(colours, trailing numbers) stays as it was in the command before. In a motif, `$1` is the first colour that it was
given.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Painter:
    """An invented painter with a hand of their own."""

    name: str
    school: str
    technique: str
    brush: float
    """Width of the strokes, as a factor."""
    broken: float
    """How far the colours of neighbouring strokes differ: a standard deviation in levels of 255."""


@dataclass(frozen=True)
class Painting:
    """A row of the catalogue, and how its picture is drawn."""

    painter: Painter
    title: str
    date: str
    type: str
    description: str
    size: tuple[int, int]
    """Width and height in pixels."""
    recipe: str


MARCHAND = Painter("MARCHAND, Élise", "French", "Digital oil, broken colour", brush=0.9, broken=8)
NOVAK = Painter("NOVÁK, Klára", "Bohemian", "Digital oil, bold", brush=1.15, broken=9)
BELLANDI = Painter("BELLANDI, Ilaria", "Italian", "Digital oil, smooth strokes", brush=0.5, broken=3)
VERHAGEN = Painter("VERHAGEN, Jorrit", "Dutch", "Digital oil, fine lines", brush=0.65, broken=4)
FUENTES = Painter("FUENTES, Rocío", "Spanish", "Digital oil on a dark ground", brush=0.6, broken=4)
HOLM = Painter("HOLM, Søren", "Danish", "Digital oil, thin strokes", brush=0.7, broken=4)
CALDERWOOD = Painter("CALDERWOOD, Thomas", "English", "Digital oil, scumbled", brush=0.9, broken=6)

MOTIFS = {
    "dab": """
        orb $1 0,0 1 .7 0
    """,
    "glint": """
        orb $1 0,0 2.6 .3 0
    """,
    "clump": """
        many dab $2 -3,-2 3,2 28 .5 .9;
          $3 -3,-3 2,1 22;
          $4 -3,-3 1,0 15
    """,
    "leafy": """
        limb $1 0,1 .4,-6 1.5 .8;
          0,-3 -3,-8 .6 .3;
          0,-4 3,-8;
        put clump $1 $2 $3 $4 0,-7 -4,-8 4,-8 -3,-11 3,-11 0,-13 -5,-10 5,-10 0,-9 1
    """,
    "branch": """
        limb $1 0,0 .3,-3 0,-6 1 .7;
        put branch 0,-5.8 .75 -24 0 11;
          0,-5.6 .71 27;
          .2,-4 .46 -50
    """,
    "fir": """
        limb $1 0,1 0,-3 .7 .5;
        form -3.4,-.6 0,-1 3.4,-.6 1,-5 -1,-5 .7;
          $2 -2.6,-3.4 0,-4 2.6,-3.4 .5,-8 -.5,-8;
          -1.7,-6.4 0,-7 1.7,-6.4 0,-11.6
    """,
    "ship": """
        poly $1 -10,-3 -9,1.5 7,1.5 10,-4 7,-2 -6,-1.4;
        limb -5,-1 -5,-14 .4 .2;
          0,-1 0,-17;
          5,-1 5,-13;
        form $2 -8,-4 -5,-4 -2,-4 -3,-8 -5,-8.5 -7,-8 .8;
          -7,-9 -5,-9 -3,-9 -3,-12 -7,-12;
          -2.4,-4 3,-4 2.6,-9 -2.3,-9;
          -2,-10 2.5,-10 1.8,-15 -1.8,-15;
          3.4,-4 8,-4 7,-11 4,-11
    """,
    "sail": """
        form $1 -3.4,-.9 -2.6,.4 2.6,.4 3.8,-1.1 .5;
        limb .2,-.8 .2,-9 .25 .12;
        form $2 .3,-1.3 3.4,-1.6 2.4,-5 .4,-8.8 .7;
          0,-1.6 -2.6,-1.4 -1.2,-4.6 0,-7.6
    """,
    "swell": """
        form $1 -10,3 -5,.4 -1,-1.2 1,-1.2 4,.2 10,3 0,4 .9;
        many dab $2 -2.4,-1 3,-.2 12 .1 .3
    """,
    "figure": """
        form $1 -1.6,0 -1.2,-4 -.9,-7 .9,-7 1.2,-4 1.6,0 .7;
        orb $2 0,-8 .75 .9
    """,
    "umbrella": """
        put figure $1 $2 0,0 .8;
        limb $1 .6,-4 .6,-9 .15 .15;
        form $3 -3.8,-7 -2.6,-9 .4,-10 3.4,-9 4.6,-7 2.4,-7.6 .5,-7.2 -1.6,-7.5
    """,
    "house": """
        poly $1 0,0 0,-5 2.6,-8 5.2,-5 5.2,0;
          $2 5.2,0 5.2,-5 11,-5 11,0;
          $3 2.5,-8.6 9,-8.6 11.5,-4.7 5.1,-4.7;
        orb $4 2.6,-3.3 7,-2.6 9.4,-2.6 .7 1 0
    """,
    "tower": """
        poly $1 0,1 0,-11 5,-11 5,1;
        orb $2 1,-9 2.5,-9 4,-7 1,-5 2.5,-5 4,-3 1,-1 .4 .6 0
    """,
    "horse": """
        limb $2 8,-10.6 9.8,-8 9.2,-2.6 .9 .3;
          $3 -4.6,-7.5 -4.2,-4 -3.6,-2 -3.8,0 1.7 .6;
          6,-9 4.4,-5.4 4.6,0 2.6;
        form $1 -9,-17.6 -10,-16 -11.6,-13.5 -12.8,-12 -12.4,-11 -11,-11.6 -10,-13 -9,-13 -8.3,-11 -7.8,-9 -7,-7
            -1.5,-5.7 2,-6 7,-6 8.4,-8 8.2,-10.6 6,-12 3,-11.5 0,-11 -3.6,-12 -6,-14.4 -8.4,-17 1.2;
        limb -6,-9 -6.3,-4.4 -6,-2 -6.3,0 2.4 .6 .9;
          6.6,-9 5.8,-5.6 7,-3.2 6.4,0;
          $2 -8.6,-17.2 -6.4,-14 -4,-11.4 1 .5;
        orb -10.3,-14.7 .2 .2
    """,
    "swan": """
        form $1 -5,-1.6 -3,.4 2,.6 5.4,-.6 7.4,-3.2 4,-3.6 0,-3.9 -3.6,-3.4;
          $2 -2.4,-2.4 1,-1 5,-1.8 7.8,-4.2 3,-4.6 -.6,-4;
        limb $1 -4.2,-2 -5.6,-4.4 -4.2,-6.4 -4.2,-8 -5.6,-8.4 1.7 .9 .9;
          $3 -6,-8.3 -7.6,-7.7 .7 .15;
        orb #222 -6,-8.5 .2 .2
    """,
    "camel": """
        limb $1 -4,-6 -4.2,0 1.1 .5;
          -2.4,-6 -2.2,0;
          4,-6 4.2,0;
          5.4,-6 6.4,0;
        form -5,-8 -2.6,-9 -.4,-10 1,-12.6 2.6,-10 5,-9 6.6,-7 5.6,-5.4 -4,-5.6;
        limb -4,-7 -7,-7 -8,-10 -8,-12 1.9 .9;
          -7.4,-12 -10.8,-11.2 1.5 .9;
        form $2 -.8,-9.8 0,-13.6 2,-13.6 2.8,-9.8;
        orb $3 .9,-14.6 .8 .8
    """,
    "sunflower": """
        limb $3 0,0 .4,7 .5 .6;
        poly $1 0,-5 .7,-3 2.6,-4.4 2.4,-2.4 4.6,-2.2 3.2,-.8 5,.4 3,.9 4.2,2.8 2.2,2.2 2,4.4 .6,2.8 -.6,4.8
            -1.2,2.8 -3.2,4 -2.6,1.8 -4.8,1.6 -3,.2 -4.8,-1.4 -2.8,-1.4 -3.4,-3.6 -1.4,-2.6;
        orb $2 0,0 2.8 2.7 .6;
        orb $4 0,0 1.9 1.8
    """,
    "poppy": """
        limb #562 0,0 .3,5 .25 .3;
        form $1 -2,-.6 -1,-1.8 .2,-1.3 1.4,-1.9 2.2,-.4 1.2,1 -1.2,1 .9;
          $2 -1.6,.4 0,-.4 1.8,.3 .8,1.4 -1,1.4;
        orb #211 0,-.1 .4 .4
    """,
    "rose": """
        orb $1 0,0 2.4 2.2;
        form $2 -1.8,.6 -1.4,-1.2 .4,-1.8 1.8,-.4 1.2,1.5 -.6,1.8 1.2;
          $1 -1.1,.2 -.3,-1.1 1,-.5 .6,.9
    """,
    "pear": """
        form $1 -.5,-4.6 .6,-4.6 1.3,-2.2 2.6,.2 2.4,2.6 0,3.4 -2.4,2.6 -2.6,.2 -1.2,-2.2 1.5;
        limb #432 0,-4 .5,-6 .3 .3
    """,
    "eye": """
        form #edc -2.7,.2 -.8,-1.1 .9,-1.1 2.7,.3 .6,1.2 -.9,1.2 .4;
        orb #432 0,0 1.3 1.3 .5;
          #111 0,0 .7 .7 0;
          #fff -.4,-.5 .35 .35;
        limb #532 -3,.4 -.9,-1.4 1,-1.4 3,.6 .5 .6;
          $1 -4,-2.4 -1,-4.3 3,-3.4 .6 .9
    """,
    "face": """
        form #da8 #fec #743 -11.6,0 -10.6,-8 -5,-14 3,-14 10,-10 11.4,-1 10,10 5.6,18.6 0,22 -6,19 -10,10 1.3;
        put eye $1 -5.6,1.6 5.8,1.6 1;
        soft #a64 1,0 3.6,9.4 1,12.6 .4,8 .5 .5;
          #d76 -9,7 -5,6 -5,12 -8,13 1.2 .4;
        limb #954 -2.4,12 0,13 2.4,12 .3 .4;
        form #a44 -4.6,16.2 -1.4,15 0,15.5 1.4,15 4.8,16.2 0,17 .4;
          #c66 -4,16.6 0,17 4,16.6 2,18.8 -2,18.8 .7
    """,
    "sails": """
        limb $1 -8,0 8,0 .5 .5;
          0,-8 0,8;
        limb $2 2,.8 8,.8 1.6 1.6;
          -2,-.8 -8,-.8;
          -.8,2 -.8,8;
          .8,-2 .8,-8
    """,
    "pad": """
        orb $1 0,0 4 1.1 .5;
          $2 -1,-.2 2.2 .5 .3
    """,
    "lily": """
        form $1 -2,0 -2,-1 -1,-.8 0,-2 1,-.8 2,-1 2,0;
        orb #fd5 0,-.6 .4 .3
    """,
    "fall": """
        limb $1 0,0 .2,4 0,10 .2 .4
    """,
}

PAINTINGS = (
    Painting(
        CALDERWOOD,
        "Ships in a Gale",
        "c. 1842",
        "landscape",
        "Two ships labour in a heavy sea as the sun breaks through.",
        (680, 480),
        """
        wash #234 #566 #cb8 #877 0 62;
        clouds #eda #233 62 .6 30;
        wash #465 #123 55 90;
        put ship #211 #cb9 108,53 .6;
        many swell #465 #cdc 0,56 142,68 50 .3 1;
          0,66 142,80 34 1 2;
        put ship #211 #eda 50,71 2.5 -9;
        many swell #244 #eee 0,76 142,99 30 2 4
        """,
    ),
    Painting(
        MARCHAND,
        "Morning in the Harbour",
        "1874",
        "landscape",
        "Fishing boats lie on calm water; the sun rises through mist.",
        (680, 510),
        """
        wash #89b #cbb #fc9 #eb8 0 52;
        clouds #fdc #89b 46 .5 20;
        soft #fb6 86,34 8 .6;
        orb #f83 86,34 2.4 2.4 0;
        soft #679 0,45 26,44 52,51 0,51 .5 .7;
          106,47 134,43 134,51 98,51;
        put sail #445 #baa 60,52 1.5;
          76,51 1.1;
        mirror #cba #578 50 .85 .8;
        put sail #234 #d95 34,72 3.4;
          #334 #a9a 112,62 2.3 0 1;
        many glint #fb6 #fd9 84,56 88,90 30 .4 .9
        """,
    ),
    Painting(
        CALDERWOOD,
        "Sunset over the Sea",
        "1851",
        "landscape",
        "The sun goes down and its light lies as a path on the water.",
        (680, 440),
        """
        wash #457 #967 #e85 #fc6 0 56;
        clouds #fb5 #647 54 .5 14;
        soft #fd7 84,48 9 .8;
        orb #ffc 84,49 4 4 0;
        mirror #d85 #224 55 .8 1;
        many glint #425 #637 0,60 155,100 110 .6 3;
          #fe9 #fc7 76,56 92,100 120 .4 1.3;
        put sail #213 #324 46,62 1.9
        """,
    ),
    Painting(
        HOLM,
        "Moonlit Hills",
        "c. 1825",
        "landscape",
        "A wanderer by a bare oak looks out over hills under a full moon.",
        (540, 680),
        """
        wash #123 #235 #468 #79a 0 66;
        clouds #abc #124 54 .4 16;
        soft #cde 52,28 8 .7;
        orb #ffe 52,28 4.2 4.2 .2;
        ridge #578 #8ab .6 12 12 -5,58 20,54 40,60 62,52 90,60;
          #346 #68a .6 10 16 -5,70 30,63 60,70 90,62;
          #124 #345 .5 8 20 -5,74 20,80 50,76 90,82;
          #012 #011 .6 6 20 -5,86 20,81 40,88 90,96;
        put branch 20,88 2.7;
        put figure 45,90 1.1
        """,
    ),
    Painting(
        VERHAGEN,
        "Skaters by a Village",
        "c. 1640",
        "landscape",
        "Villagers skate on a frozen river below snowy houses and a church.",
        (680, 510),
        """
        wash #89a #bbc #edc 0 50;
        clouds #eed #9ab 44 .4 18;
        ridge #abb #dee .5 10 9 0,46 50,43 140,44;
        poly #766 91,48 91,28 94.5,13 98,28 98,48;
        put house #876 #765 #eef #332 97,48 1.3;
          #965 #865 #eee #332 36,53 1.4;
          #854 #643 #fff #eb5 8,57 2;
          66,51 1;
        ridge #eee #ccd .4 9 12 -5,57 30,56 60,51 140,50;
        wash #ccd #9ab 60 101;
        put branch #433 26,63 1.3;
          118,60 1.6;
        many figure #223 #733 #345 #543 50,60 128,84 24 .35 .8 1;
        put branch #322 9,96 2.7;
        many dab #fff 0,0 134,99 150 .2 .4
        """,
    ),
    Painting(
        NOVAK,
        "City at Dusk",
        "1928",
        "landscape",
        "Lit windows of a great city rise above a river at nightfall.",
        (680, 510),
        """
        wash #225 #548 #c68 #fa7 0 62;
        clouds #e88 #336 58 .5 14;
        soft #fb8 40,56 9 .6;
        many tower #447 #fd8 0,60 130,61 26 1.6 3;
        poly #335 57,62 57,24 60,16 61,6 62,16 65,24 65,62;
        many tower #224 #fd7 0,62 130,63 50 .8 2;
        mirror #436 #113 62 .9 1.3
        """,
    ),
    Painting(
        NOVAK,
        "Street in the Rain",
        "1911",
        "genre",
        "People with umbrellas hurry along a wet avenue of lit shops.",
        (540, 680),
        """
        wash #568 #dca 0 62;
        soft #fea 40,54 6 1;
        many tower #667 #fc8 27,60 50,61 6 1 2;
        poly #345 0,0 8,0 29,36 29,62 0,76;
          80,0 72,0 51,36 51,62 80,76;
          #fc7 1,50 9,52 9,66 1,70;
          12,53 17,54 17,62 12,64;
          71,52 79,50 79,70 71,66;
        limb #123 14,72 14,42 .8 .8;
          66,72 66,42;
        soft #fea 14,41 2 1;
          66,41;
        put umbrella #223 #334 #c43 37,66 .8;
        mirror #98a #345 62 .7 1.3;
        put umbrella #112 #334 #b33 28,86 2;
          #112 #334 #25a 53,80 2;
          #112 #334 #ca3 66,95 2.6;
        many fall #abc 0,0 80,96 60 .2 .5
        """,
    ),
    Painting(
        FUENTES,
        "Bowl of Fruit",
        "c. 1635",
        "still-life",
        "Apples, oranges, pears and grapes fill a blue bowl on a table.",
        (680, 510),
        """
        wash #111 #322 #432 0 68;
        soft #754 30,20 16 .4;
        wash #643 #321 66 101;
        form #dcb -4,70 20,67 60,72 66,84 60,103 20,106 -4,104 .3;
        soft #100 54,78 106,78 100,84 58,84 2 .6;
        put pear #cb4 84,44 3 14;
        orb #d72 #fc6 #731 52,50 88,56 9 9 1.5;
          #b32 #f86 #400 70,46 76,58;
          #ca3 #fe8 #641 60,57;
        form #358 #ace #113 40,58 66,63 96,58 88,76 78,82 58,82 48,76 1.2;
        orb #a22 #f86 #400 30,80 8 8 1.5;
        put pear #ba4 110,80 3 70;
        orb #425 #a8c #112 42,86 46,84 50,87 45,89 49,91 53,90 54,86 57,89 3 3
        """,
    ),
    Painting(
        BELLANDI,
        "Bottles and a Jug",
        "1948",
        "still-life",
        "Three bottles, a jug and a cup stand close in even light.",
        (600, 600),
        """
        wash #ba9 #cba 0 66;
          #a97 #cb9 64 101;
        soft #654 28,84 88,82 100,87 40,91 2 .5;
        form #743 #b87 #321 18,43 22,43 23,56 28,62 28,85 12,85 12,62 17,56 1.3;
          #456 #9ab #223 50,21 55,21 56,44 61,50 61,86 44,86 44,50 49,44;
          #edc #fff #987 34,29 39,29 40,48 46,55 46,88 28,88 28,55 33,48;
        limb #ca6 #fd9 #753 75,58 86,60 86,74 75,78 2.4 2.2 1;
        form 60,52 77,52 79,68 76,88 62,88 58,68 1.4;
        orb #643 68.5,53 8.6 2 .3;
        form #8a9 #bca #465 84,72 97,72 95,89 86,89 1.2;
        orb #465 90.5,73 6 1.3 .3
        """,
    ),
    Painting(
        BELLANDI,
        "Roses in a Green Vase",
        "1883",
        "still-life",
        "A bunch of pink, white and yellow roses in a glazed vase.",
        (540, 680),
        """
        wash #444 #665 #543 0 80;
        soft #a97 14,22 16 .4;
        wash #753 #432 78 101;
        soft #211 36,89 68,86 74,92 40,95 2 .6;
        put clump #232 #242 #363 #574 26,28 40,22 54,28 22,42 58,42 32,54 50,54 40,40 3;
        form #376 #adc #122 34,58 46,58 45,63 52,72 51,84 46,92 34,92 29,84 28,72 35,63 1.4;
        many rose #d68 #f9b #fdd #ffe #fe9 #fb8 18,20 62,56 26 2 3 1;
          26,24 54,54 10 2.8
        """,
    ),
    Painting(
        NOVAK,
        "Field of Sunflowers",
        "1889",
        "landscape",
        "Sunflowers turn their heads to the light under a summer sky.",
        (600, 600),
        """
        wash #37c #dee 0 46;
        clouds #fff #9bd 42 .5 20;
        ridge #575 1 9 14 0,40 70,38;
        wash #ba2 #572 #241 45 101;
        many dab #eb2 #783 0,44 99,58 400 .4 1 1;
          #352 0,56 99,99 99 1 4;
        many sunflower #d91 #fc2 #463 #421 0,52 99,70 60 .4 1;
          0,70 99,98 26 1 3
        """,
    ),
    Painting(
        MARCHAND,
        "Poppies near the Village",
        "1876",
        "landscape",
        "A woman with a parasol walks through a meadow red with poppies.",
        (680, 480),
        """
        wash #69d #ace #eee 0 46;
        clouds #fff #abd 42 .55 22;
        ridge #79b #9b9 .5 12 10 -5,40 60,37 150,40;
        put leafy #443 #242 #463 #795 8,50 21,49 34,50 46,48 118,50 134,51 1.4;
        put house #edc #dcb #b64 #567 66,48 .9;
        ridge #ab6 #674 .3 10 30 -5,48 60,46 150,51;
        many dab #8a5 #bc6 #584 #cb7 0,50 144,101 400 .3 1.5 1;
        many poppy #d32 #e53 #b21 0,56 144,78 220 .3 .8 1;
        put umbrella #eee #dcb #57a 92,76 1.7;
        many poppy #d32 #f54 #a11 0,78 144,102 100 .8 1.7 1
        """,
    ),
    Painting(
        BELLANDI,
        "Young Woman in Blue",
        "c. 1668",
        "portrait",
        "A young woman in a blue shawl turns to us from a dark ground.",
        (540, 680),
        """
        wash #322 #111 0 101;
        form #25a #7ad #013 22,66 23,30 31,14 43,9 55,15 60,32 61,66 56,76 28,76;
          #b83 #ec7 #430 4,104 8,86 20,74 32,66 49,66 62,74 72,86 76,104;
        limb #b75 #da8 #532 41,50 41,70 13 17 .8;
        put face #532 41,36 1;
        form #321 28.6,38 30,25 41,18 52,26 53.4,40 50,30 44,24 38,24 32,30;
          #36a #8be #013 0,104 2,88 12,76 25,64 31,68 26,84 25,104;
          80,104 78,88 68,76 57,63 51,69 57,86 58,104;
          25,40 24,26 32,14 43,10 54,15 58,28 57,40 51,22 42,16 34,20;
        orb #fff 54,50 1.2 1.5
        """,
    ),
    Painting(
        FUENTES,
        "Old Man with a Hat",
        "c. 1652",
        "portrait",
        "An old man with a white beard looks out from under a broad hat.",
        (540, 680),
        """
        wash #321 #110 0 101;
        soft #642 8,40 16 .5;
        form #421 #743 #100 0,104 4,84 18,72 34,66 48,66 64,72 76,84 80,104;
        put face #cba 41,37 1;
        soft #311 27,22 55,22 55,30 27,30 1 .6;
        form #ccb #fed #665 27,42 29,54 33,51 41,50 49,51 52,54 55,42 56,58 52,72 46,82 40,85 34,80 28,70 25,56 1.1;
          #933 37,54 41,53.4 45,54 41,56;
          #dcc #fff #776 41,49 44,49 49,52 51,58 45,55 41,52 37,55 31,58 33,52 38,49;
        many fall #fee #a99 32,56 50,68 26 .5 1.1 1;
        form #211 #543 #000 6,30 16,25 30,21 52,21 66,25 76,31 62,33 41,29 20,32;
          25,24 26,11 34,5 48,5 56,11 57,24 41,27;
        limb #633 25,22 41,25 57,22 2 2
        """,
    ),
    Painting(
        CALDERWOOD,
        "Bay Horse in a Meadow",
        "1798",
        "landscape",
        "A bay horse stands in a summer meadow before old trees.",
        (680, 510),
        """
        wash #79c #cdd #fec 0 56;
        clouds #fed #9ab 50 .55 22;
        ridge #79a #9a9 .6 14 12 0,50 70,46 140,48;
        put leafy #332 #232 #352 #683 110,66 128,68 2.6;
          6,62 20,60 1.7;
        ridge #aa5 #563 .4 10 34 -5,62 60,60 140,64;
        many dab #894 #bb5 #563 0,64 134,99 300 .3 2;
        soft #231 40,89 92,87 96,92 44,94 2 .7;
        put horse #831 #210 #421 66,91 3.5;
        many dab #673 30,88 100,96 90 .3 .8
        """,
    ),
    Painting(
        HOLM,
        "Cat on the Windowsill",
        "1908",
        "genre",
        "A tabby cat sits on a windowsill before a garden in morning light.",
        (600, 640),
        """
        wash #bcc #eec #cca 0 74;
        many dab #8a7 #ab8 #7a6 0,30 94,70 130 1 2.6 1;
        limb #eed 22,-2 22,74 2.4 2.4;
        wash #edd #ba9 74 101;
        soft #665 34,84 80,80 86,86 40,88 1.6 .6;
        limb #864 #ca8 #321 54,80 66,84 76,76 6 4 1;
        form #a75 #db8 #432 29,84 28,68 33,54 39,47 49,47 55,54 60,68 59,84 44,87 1.2;
          #fed 38,50 44,53 50,50 49,62 44,68 39,62;
        limb #a85 #dc9 #542 40,58 39,72 38,84 7 6 .9;
          48,58 49,72 50,84;
        poly #864 32,36 33,19 43,29;
          56,36 55,19 45,29;
          #d98 35,31 35,22 40,29;
          53,31 53,22 48,29;
        form #a85 #ec9 #543 32,38 33,31 39,27 49,27 55,31 56,38 53,45 44,49 35,45 1.2;
        limb #432 44,27 44,33 .8 .4;
          40,27 41,33;
          48,27 47,33;
          32,38 36,39;
          56,38 52,39;
          29,70 35,72;
        orb #fed 42.4,44 45.6,44 3 3 .8;
          #cd6 39,37 49,37 2.6 2.2 .5;
          #110 39,37 49,37 .7 1.9 0;
        poly #c76 42.6,41 45.4,41 44,43;
        limb #fff 41,43 32,42 .2 .1;
          41,45 32,46;
          47,43 56,42;
          47,45 56,46
        """,
    ),
    Painting(
        HOLM,
        "Swans on a Dark Pond",
        "1896",
        "landscape",
        "Three swans glide on a pond in the shadow of trees.",
        (680, 510),
        """
        wash #687 #ab9 #dda 0 40;
        put leafy #122 #121 #242 #473 8,42 38,40 66,42 98,42 128,43 2.7;
        ridge #242 #352 .5 6 8 -5,38 70,39 140,37;
        mirror #465 #011 44 .8 1.1;
        put swan #fee #fff #e72 98,58 1.6 0 1;
          52,76 3;
          100,84 2.3;
        soft #eff 40,79 72,79 68,83 46,83 .8 .5;
          90,86 114,86 110,89 94,89;
        limb #573 4,102 8,60 .8 .2;
          10,102 9,66;
          14,102 20,70
        """,
    ),
    Painting(
        NOVAK,
        "Mountain Lake",
        "1907",
        "landscape",
        "Snow peaks rise above a still lake that repeats them upside down.",
        (680, 480),
        """
        wash #48c #ace #fed 0 56;
        clouds #fff #abd 46 .48 14;
        ridge #fff #78a #569 2 12 34 .5 -5,34 16,24 34,38 52,20 74,8 94,26 112,16 150,36;
          #468 #356 1.4 7 16 .3 -5,44 26,40 56,50 96,48 124,38 150,40;
        mirror #58a #135 57 .85 .6;
        ridge #353 #121 .6 6 14 -5,86 30,92 60,97 100,99 150,90;
        many fir #132 #243 0,84 40,100 14 1.4 3.4;
          118,84 143,98 9
        """,
    ),
    Painting(
        MARCHAND,
        "Autumn Path",
        "1891",
        "landscape",
        "A path strewn with leaves runs between trees in red and gold.",
        (600, 600),
        """
        wash #cdd #fea #eb6 0 62;
        soft #ffd 52,48 12 .8;
        ridge #b73 #841 .5 8 40 -5,62 50,60 105,62;
        form #db7 #fda #863 49,60 53,60 58,70 74,104 20,104 40,74 48,64 .4;
        put leafy #432 #a41 #d72 #fb3 37,63 64,63 2;
          #321 #821 #c51 #f92 20,73 82,75 3.4;
          #211 #721 #b31 #e82 0,94 99,96 4.4;
        many dab #d72 #fb3 #b41 #e92 0,60 99,24 400 1.2 .5 1;
          0,64 99,99 420 .3 1.3
        """,
    ),
    Painting(
        VERHAGEN,
        "Windmill by the Canal",
        "c. 1660",
        "landscape",
        "A tall mill stands on a canal under a bank of cloud.",
        (680, 510),
        """
        wash #57a #abb #edb 0 64;
        clouds #fed #789 62 .66 34;
        ridge #787 #896 .4 9 8 -5,62 60,61 140,63;
        form #543 #a86 #221 76,67 81,38 83,33 91,33 93,38 98,67 1.2;
          #432 81,35 84,29 88,28 92,31 93,36;
        put sails #432 #dca 86,34 3 24;
        put house #a75 #854 #743 #221 99,68 1.6;
        put leafy #332 #232 #452 #784 128,69 1.5;
        ridge #784 #452 .4 8 10 -5,68 60,70 90,66 140,67;
        mirror #bba #456 72 .85 .7;
        put sail #211 #a74 34,84 3.2;
        ridge #563 #231 .5 4 12 -5,94 30,98 60,106 140,92
        """,
    ),
    Painting(
        HOLM,
        "Waterfall in the Forest",
        "1838",
        "landscape",
        "A waterfall drops between rocks and firs into a dark pool.",
        (540, 680),
        """
        wash #abc #ded #eed 0 40;
        many fir #577 #687 0,26 80,34 16 .8 1.2;
        ridge #676 #454 #343 1.2 8 40 .35 -5,22 20,26 34,27 46,27 60,24 85,20;
        many fir #243 #354 0,20 28,32 18 1 2;
          52,18 80,30;
        poly #bcd 33,27 47,27 48,50 52,76 28,76 32,50;
        many fall #fff #def #9bc 33,27 46,68 110 .5 1.1 1;
        form #454 #898 #121 18,40 30,34 33,44 31,60 27,78 14,82;
          62,38 50,34 47,46 49,60 54,78 68,82;
        mirror #799 #133 76 .7 1.2;
        soft #fff 28,70 52,70 56,79 24,79 2.6 .85;
        form #343 #787 #111 -4,104 -2,88 10,84 20,90 24,104;
          54,104 58,92 68,86 84,88 86,104;
        many fir #132 #243 2,78 16,92 5 2.4 3.4;
          66,76 80,90
        """,
    ),
    Painting(
        FUENTES,
        "Caravan at Evening",
        "1862",
        "landscape",
        "Camels and riders cross the dunes while the sun sets.",
        (680, 440),
        """
        wash #658 #d86 #fc7 0 62;
        soft #fea 104,46 9 .7;
        orb #ffd 104,46 5 5 0;
        ridge #c85 #b74 .3 20 20 -5,60 40,52 80,58 170,50;
          #d95 #a53 .2 20 26 -5,72 50,66 100,68 170,74;
        soft #631 20,70 116,71 112,74 30,73 1 .5;
        put camel #421 #cba 34,69 1.3;
          #421 #a32 57,69 1.4;
          #421 #357 80,69 1.5;
          #421 #ca4 105,70 1.6;
        ridge #843 #422 .2 24 30 -5,78 40,90 90,84 170,96
        """,
    ),
    Painting(
        NOVAK,
        "Red over Ochre",
        "1957",
        "other",
        "Soft fields of red, orange and ochre float on a dark ground.",
        (540, 680),
        """
        wash #511 #411 0 101;
        soft #c32 9,8 71,8 71,40 9,40 1.2 .95;
          #e72 9,44 71,44 71,66 9,66;
          #eb4 9,70 71,70 71,93 9,93
        """,
    ),
    Painting(
        HOLM,
        "Sunlit Room",
        "1901",
        "interior",
        "A woman with her back to us stands in a bare, quiet room.",
        (600, 640),
        """
        wash #776 #998 #887 0 78;
          #765 #432 77 101;
        poly #665 11,12 41,12 41,54 11,54;
          #eff 13,14 25,14 25,32 13,32;
          27,14 39,14 39,32 27,32;
          13,34 25,34 25,52 13,52;
          27,34 39,34 39,52 27,52;
        poly #786 66,20 90,20 90,78 66,78;
        soft #fec 36,80 60,80 74,96 44,96 1 .5;
          #332 50,84 60,88 78,90 60,92 2;
        form #223 #556 #011 45,92 46,76 50,64 49,54 51,47 55,45 59,47 61,54 60,64 64,76 66,92;
        limb #eb9 #fdb #864 55,47 55,41 3 2.6 .8;
        form #421 #964 #110 51,38 52,34 55,32 58,34 59,38 58,42 52,42
        """,
    ),
    Painting(
        MARCHAND,
        "Water Lilies",
        "1904",
        "landscape",
        "White and rose lilies float on a pond that mirrors willows and sky.",
        (680, 510),
        """
        wash #365 #69a #abd #57a 0 101;
        soft #edd 76,26 14 .5;
        many glint #79b #abd #68a 0,0 134,100 160 1 3 1;
        many fall #243 #474 #575 0,-12 40,22 90 1 4 1;
          99,-9 134,16 50;
        many pad #485 #7a7 #376 0,14 134,52 46 .4 1.2 1;
          0,54 58,96 32 1.3 2.5;
          78,56 134,98 26;
        many lily #fff #fab 4,18 130,52 22 .5 1 1;
        put lily #fff 26,66 48,74 112,70 2;
          #fab 14,82 96,84 120,90 2.6
        """,
    ),
    Painting(
        NOVAK,
        "Night over the Valley",
        "1890",
        "landscape",
        "Stars and a crescent moon blaze above a village and a cypress.",
        (680, 510),
        """
        wash #125 #249 #37b #7aa 0 72;
        clouds #8bd #138 60 .5 18;
        soft #fea 20,12 4 .7;
          44,22;
          96,12;
          78,28;
          #fd7 114,18 7;
        orb #ffd 20,12 44,22 96,12 78,28 1.3 1.3 0;
          60,8 36,42 66,44 122,42 8,36 .7 .7;
        form #fd7 110,10 116,11 119,18 116,25 110,26 114,22 115,18 114,14 .4;
        ridge #248 #136 .6 12 12 -5,62 30,58 60,64 100,56 140,60;
        poly #123 70,84 70,66 72.5,50 75,66 75,84;
        put house #357 #246 #124 #fd6 76,85 1.3;
          50,83 1.1;
          96,84 1.2;
          114,88 1.5;
          36,88 1.2;
        many dab #143 #132 #254 30,80 134,88 140 .6 1.4 1;
        form #022 #254 #011 6,104 5,80 8,60 11,40 15,14 18,36 22,58 26,80 28,104;
        many fall #254 #011 8,36 21,84 30 1 2 1
        """,
    ),
)
