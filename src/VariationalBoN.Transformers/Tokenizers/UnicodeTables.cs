namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>
/// Sets of characters as the original tokenizers library (0.22) has them, whatever the version of Unicode that .NET brings; measured on
/// the library itself. Each range is its distance from the end of the one before and,
/// after a dot, how far its last code point is beyond its first, in base 36.
/// </summary>
internal static class UnicodeTables
{
    /// <summary>Code points assigned in Unicode 9.0, the version of the normalisation forms of tokenizers.</summary>
    internal static readonly UnicodeRanges Assigned9 = new(
        "0.on 3.5 5.6 2 2.j 2.b0 2.11 3.6 2.12 2.1 3.2 2.1i 9.q 6.4 c.s 2.6n 2.1n 3.2s f.1m 6.19 3.e 2.r 3 1u.k 2.7 n.4v 2.7 "
            + "3.1 3.l 2.6 2 4.3 3.8 3.1 3.3 9 5.1 2.4 3.l 6.2 2.5 5.1 3.l 2.6 2.1 2.1 2.1 3 2.4 5.1 3.2 4 8.3 2 8.f c.2 2.8 2.2 2.l "
            + "2.6 2.1 2.4 3.9 2.2 2.2 3 g.3 3.b 8 8.2 2.7 3.1 3.l 2.6 2.1 2.4 3.8 3.1 3.2 9.1 5.1 2.4 3.h b.1 2.5 4.2 2.3 4.1 2 2.1 "
            + "4.1 4.2 4.b 5.4 4.2 2.3 3 7 f.k 6.3 2.7 2.2 2.m 2.f 4.7 2.2 2.3 8.1 2.2 6.3 3.9 9.b 2.7 2.2 2.m 2.9 2.4 3.8 2.2 2.3 "
            + "8.1 8 2.3 3.9 2.1 f.2 2.7 2.2 2.14 3.7 2.2 2.5 5.f 3.p 3.1 2.h 4.n 2.8 2 3.6 4 5.5 2 2.7 7.9 3.2 d.1l 5.s 12.1 2 3.1 2 "
            + "3 7.3 2.6 2.2 2 2 3.1 2.c 2.2 3.4 2 2.5 3.9 3.3 x.1z 2.z 5.12 2.z 2.e 2.c 12.5h 2 6 3.ag 2.3 3.6 2 2.3 3.14 2.3 3.w "
            + "2.3 3.6 2 2.3 3.e 2.1k 2.3 3.1u 3.v 4.p 7.2d 3.5 3.ik 4.2g 8.c 2.6 c.m a.j d.c 2.2 2.1 d.2l 3.9 7.9 7.e 2.9 7.2f 9.16 "
            + "6.1x b.u 2.b 5.b 5 4.15 3.4 c.17 5.p 7.a 4.1p 3.1s 2.s 3.a 7.9 7.d 3.e 1u.23 5.18 4.37 9.1n 4.e 4.1n 1k.7 9.12 2.1 "
            + "7.6t 6.7u 3.5 3.11 3.5 3.7 2 2 2 2.u 3.1g 2.e 2.d 3.5 2.i 3.2 2.8 2.2s 2.b 3.q 2.c 4.u i.w g.3v 5.ha 2.12 q.a m.1eb "
            + "3.v 3.x 4.b 2.7 r.3 h.1a 2.1a 2.43 6.18 2 6 3.1j 8.1 f.n a.6 2.6 2.6 2.6 2.6 2.6 2.6 2.6 2.2s 1o.p 2.2g d.5x r.b 5.1r "
            + "2.2d 3.2u 6.14 4.2l 2.16 6.z d.1a 2.66 2.59x b.g7p 17.wc 4.1i a.9n l.53 9.4u 2.7 1s.1g 5.9 7.1j 9.1x 9.b 7.t 3.2b c.t "
            + "4.25 2.a 5.w 2.1i a.d 3.9 3.2u p.r b.5 3.5 3.5 a.6 2.6 2.1h b.3h 3.9 7.8mb d.m 5.1c 1l1.57x 3.2x 13.6 d.4 6.p 2.4 2 "
            + "2.1 2.1 2.3f i.a4 h.1r 3.1h 15.d 3.p 7.1e 2.i 2.3 5.4 2.3q 3 2.59 4.5 3.5 3.5 3.2 4.6 2.6 b.4 3.b 2.p 2.i 2.1 2.e 3.d "
            + "z.3e 6.2 5.18 4.2f 2.b 5 1c.19 3n.s 4.1c g.r 5.z d.q 6.16 6.t 2.10 5.d 17.4d 3.9 7.z 5.z 5.13 9.1f c 41.8m a.l b.7 "
            + "49.5 3 2.17 2.1 4 3.m 2.1z 9.8 1d.i 2.1 6.w 4.q 6 1t.1j 5.j 3.1d 2.1 6.7 2.2 2.q 5.2 5.8 9.8 8.1r x.12 5.b a.1h 4.s "
            + "3.q 6.p 8.3 d.6 29.20 1k.1e e.1e 8.5 9t.u aq.25 5.t g.1u f.o 8.9 7.1g 2.d d.12 a.25 3.f 2.j c.h 2.17 1u.6 2 2.3 2.e "
            + "2.a 7.1m 6.9 7.3 2.7 3.1 3.l 2.6 2.1 2.4 3.8 3.1 3.2 3 7 6.6 3.6 4.4 3w.2h 2 2 z.1z 9.9 4n.1h 3.11 z.1w c.9 7.c k.1j "
            + "9.9 1j.p 4.e 5.f 9t.2a d ch.1k 7c.8 2.18 2.d b.s 4.v 3.l 2.d ne.pl 2v.32 2.4 c.5f 24d.tq 34i.g6 6nu.fs 8.u 2.9 5.1 "
            + "2p.t 3.5 b.1x b.9 2.6 2.k 6.i oh.1w c.1a h.g 1t w.4q4 k.ky 7bi.1 2db.2y 6.c 4.8 8.9 3.7 3tp.6t b.12 3.5b o.1x 57.2e "
            + "a.h 3z.2c 2.1y 2.1 3 3.1 3.3 2.b 2 2.6 2.1s 2.3 3.7 2.6 2.r 2.3 2.4 2 4.6 2.9f 3.83 3.jh g.4 2.e 11t.6 2.g 3.6 2.1 2.4 "
            + "1jq.5g 3.f 16.22 6.9 5.1 wx.3 2.q 2.1 2 3 2.9 2.3 2 2 7 5 2 2 2.2 2.1 2 3 2 2 2 2 2.1 2 3.3 2.6 2.3 2.3 2 2.9 2.g 6.2 "
            + "2.4 2.g 1h.1 7j.17 5.2r d.e 3.e 2.e 2.10 b.c 4.u 2.1n 5.1o 1m.s e.17 5.8 8.1 4v.r6 e.c 4.6 a.37 d.2c 18.b 5.1j 9.9 "
            + "7.13 9.t 2r.e 2.7 9 3.b 2.b 5.e y.h 1b 18g.wye 16.378 c.65 3.4g1 867.f1 fhes v.2n 3l.6n 1e6p.1ekd 3.1ekd"
    );

    /// <summary>Punctuation as BERT and the type Punctuation see it (Unicode 8.0), ASCII symbols included.</summary>
    internal static readonly UnicodeRanges Punctuation = new(
        "x.e b.6 r.5 r.3 z 6 4 b.1 4 4 jj 9 cz.5 16.1 1g 2 3 3 19.1 l.1 2.1 e 3.1 23.3 2v 18.d 6i.2 1j.e w 7a.1 b ao lg 2j b.1 "
            + "4p.e 2 12.3 20 23.4 5.1 34.5 4s h1.8 48 h9.1 19.1 27.2 20.1 4e.2 2.2 12.a 8q.1 61.1 3l.6 2.5 4t.6 4c.3 1o.4 1r.1 1t.7 "
            + "c n1.n 9.j 2.c 2.b v.1 f.1 hm.3 u.1 u6.d 28.1 w.9 b8.l 1s.3 x.1 l8.3 2.1 35 40.1a 2.i cf.2 5.9 3.b h d 2r 2j mwz.1 "
            + "7i.2 2s b 38.5 al.3 2f.1 15.2 2 1e.1 1c 2q.c h.1 3h.3 3j.1 h.1 6y g2b.1 5t.9 n.y 2.d 2 5 2.1 46.2 2.5 2.3 b.1 4.1 r.2 "
            + "2 s 2 2.6 bf.2 il 1d bj ko 5k w 7l.8 13 35.6 1v.6 2i.3 x7.6 32.1 2.3 3j.3 1d.1 28.4 4 e 2.2 2h.5 30 f1 6z.m 2y.2 6x.2 "
            + "2lu.4 dtm.1 3q 1u.4 9 g2j 5wo.4"
    );

    /// <summary>Non-spacing marks that BERT takes off (Unicode 8.0).</summary>
    internal static readonly UnicodeRanges BertMark = new(
        "lc.33 7o.4 7e.18 2 2.1 2.1 2 21.a 1d.k h 2u.6 3.5 3.1 2.3 10 v.q 2k.a 1n.8 z.3 2.8 2.2 2.4 18.2 3s.v 1k 2 5.7 5 4.6 "
            + "b.1 u 1n 5.3 9 l.1 u.1 1m 5.1 5.1 3.2 4 v.1 4 c.1 1m 5.4 2.1 5 l.1 u 1n 3 2.3 9 9 c.1 v 1q d 1f 1q.2 6.2 2.3 8.1 c.1 u "
            + "1n 3 7 6.1 l.1 u 1s.3 9 l.1 2v 8.2 2 2j 3.6 d.7 2r 3.5 2.1 c.5 23.1 s 2 2 1k.d 2.4 2.1 6.a 2.z a 2v.3 2.5 2.1 3.1 q.1 "
            + "5.2 h.3 e 3.1 7 g jk.2 qb.2 u.2 u.1 v.1 1t.1 2.6 9 3.a a 1a.2 4c 3b.2 5.1 a 7.2 64.1 3 1n 2.6 2 2 3.7 7.9 3 1d.d 1v.3 "
            + "1d 2.4 2 6 15.8 d.1 x.3 3.1 2.2 1l 2.1 4 2.2 1n.7 3.1 49.2 2.c 2.6 5 7 4.1 5j.1h 7.3 k1.c 5 4.b 2db.2 3y 2p.v ff.3 "
            + "30.1 n9x 5.9 x.1 29.1 7l 4 5 q.1 4e s.h 1h.7 q.a 1b.2 1d 3.3 3 15 1w.5 3.1 3.1 d 9 1c 1g 2.2 3.1 6.1 2 17.1 9 6n 3 5 "
            + "fn5 ki.f h.f r2 6b 46.4 1af.2 2.1 6.3 15.2 5 4m.1 10b 1j.e 1l.2 1e.3 3.1 1y.2 11.4 2.7 1r d.1 1h.8 c.2 2r.2 3 2.1 4o "
            + "4.7 m.1 1n 4 12.6 4.4 8v.5 2 5.1 2.1 6n.3 7.1 2.1 s.1 2e.7 3 2.1 2z 2 3.5 2 2u.2 3.3 2.4 gjp.4 1o.6 ux.3 f7v.1 43t.2 "
            + "i.7 3.6 v.3 45.2 1j0.1i 5.1d 9 f n.4 2.e 2sh.6 gzl6.6n"
    );

    /// <summary>Control, format and private characters that BERT takes out (Unicode 8.0).</summary>
    internal static readonly UnicodeRanges BertControl = new(
        "0.8 3.1 2.h 2o.w e 11v.5 n 5d 1e 3cv 1kt.4 r.4 1e.4 2.9 11u9.4xr 16o 6y.2 3b6 xyb.3 440.7 h407 v.2n 1egx.1ekd 3.1ekd"
    );

    /// <summary>Marks that StripAccents takes off (Unicode 9.0).</summary>
    internal static readonly UnicodeRanges Mark = new(
        "lc.33 7o.6 7c.18 2 2.1 2.1 2 21.a 1d.k h 2u.6 3.5 3.1 2.3 10 v.q 2k.a 1n.8 z.3 2.8 2.2 2.4 18.2 3d.d 2.w 1j.2 2.h 2.6 "
            + "b.1 u.2 1l 2.6 3.1 3.2 a b.1 u.2 1l 2.4 5.1 3.2 4 v.1 4 c.2 1l 2.7 2.2 2.2 l.1 u.2 1l 2.6 3.1 3.2 9.1 b.1 v 1o.4 4.2 "
            + "2.3 a 15.3 1n.6 2.2 2.3 8.1 c.1 u.2 1l 2.6 2.2 2.3 8.1 c.1 u.2 1n.6 2.2 2.3 a b.1 v.1 1z 5.5 2 2.7 j.1 1q 3.6 d.7 2r "
            + "3.5 2.1 c.5 23.1 s 2 2 5.1 1e.j 2.1 6.a 2.z a 2t.j o.3 5.2 2.2 3.6 4.3 e.b 2 b.3 jk.2 qb.2 u.2 u.1 v.1 1t.v a 1a.2 "
            + "3c.1 z 3b.b 5.b 64.4 1m.9 2.s 3 1d.e 1u.4 1c.g 13.8 d.2 v.c 1l.d 1d.j 49.2 2.k 5 5.2 4.1 5j.1h 6.4 k1.w 2db.2 3y 2p.v "
            + "ff.5 2y.1 n9x.3 2.9 x.1 29.1 7l 4 5 o.4 2h.1 1f.h r.h 1h.7 q.c 19.3 1c.d 11 1w.d d 9.1 1a.2 1f 2.2 3.1 6.1 2 16.4 6.1 "
            + "6l.7 2.1 fn5 ki.f h.f r2 6b 46.4 1af.2 2.1 6.3 15.2 5 4m.1 10a.2 1i.e 1l.3 1a.a 1y.2 11.d 1r d.2 1d.d a.2 2o.b 7 4h.b "
            + "m.3 1l 2.6 3.1 3.2 a b.1 3.6 4.4 5d.h 2y.j 6k.6 3.8 s.1 2b.g 2z.c 2u.e zo.7 2.7 2b.l 2.d fga.4 1o.6 t7.19 h.3 f7v.1 "
            + "43r.4 4.5 9.7 3.6 v.3 45.2 1j0.1i 5.1d 9 f n.4 2.e 11t.6 2.g 3.6 2.1 2.4 1pi.6 32.6 gzhy.6n"
    );

    /// <summary>Other_Alphabetic (Unicode 16.0).</summary>
    internal static readonly UnicodeRanges OtherAlphabetic = new(
        "n9 u.c g1.d 2 2.1 2.1 2 21.a 1d.c 2.6 h 2u.6 5.3 3.1 5 10 v.f 2v.a 2u.1 4.8 2.2 2.3 2z 1p.b 4.6 7.j 1j.1 3.e 2.1 6.2 "
            + "b.1 u.2 1n.6 3.1 3.1 b b.1 u.2 1n.4 5.1 3.1 5 v.1 4 c.2 1n.7 2.2 2.1 m.1 n.2 5.2 1n.6 3.1 3.1 a.1 b.1 v 1o.4 4.2 2.2 b "
            + "15.4 1m.6 2.2 2.2 9.1 c.1 u.2 1n.6 2.2 2.2 9.1 c.1 g d.3 1n.6 2.2 2.2 b b.1 u.2 24.5 2 2.7 j.1 1q 3.6 j 2s 3.5 2.1 h "
            + "4k.i a.a 2.z 33.b 2 3.3 o.3 5.2 2.2 3.6 4.3 e.b 2 b.3 19x.1 v.1 v.1 v.1 1v.i 59.1 z 3b.b 5.8 67.4 1m.9 3.j 23.1 c.2 "
            + "1e.4 1d.e 1p.2 v.8 3.1 1m.a 1f.i bh.x 1c2.1f 1rr.v nsl.7 z.1 9v 9 o.4 2h.1 1f.f 2 1m 13.4 t.b 1a.3 1d.b 12 1w.d d 9.1 "
            + "1a.2 1f 2.2 3.1 6 19.4 6 6m.7 fn8 1nc.4 1af.2 2.1 6.3 lx.3 1u 8y.1 28 78.2 1i.d 1a.1 c.2 1a.8 a 1q.2 11.b j.1 1m.2 "
            + "1d.c f.1 2l.8 3 7 3 4e.9 o.3 1n.6 3.1 3.1 b b.1 2d.8 2 3 2.3 2.1 2w.c 2.2 2z.h 6m.6 3.6 u.1 2b.e 2 2z.a 2w.d 76.c 6w.5 "
            + "2.1 3.1 4 2 3z.6 3.5 5 t.9 17.4 2.3 j.a 1b.d bc.7 2.6 2c.l 2.d 3f.5 4 2.1 2.2 2 4 1v.4 2.1 2.3 9p.3 a.1 2 1d.6 4.2 "
            + "d0e.g 2sh 2.1i 8.3 2m.1 f59 6zm.6 2.g 3.6 2.1 2.4 2t 1q0 1k9.p 7.p 7.p"
    );

    /// <summary>Other_Uppercase (Unicode 16.0).</summary>
    internal static readonly UnicodeRanges OtherUppercase = new("6lc.f nb.p 2ixt.p 7.p 7.p");

    /// <summary>Other_Lowercase (Unicode 16.0).</summary>
    internal static readonly UnicodeRanges OtherLowercase = new(
        "4q g dy.8 8.1 v.4 2p 1h 2o2 2eo.1q e z.10 j6 e h.c 5w.f nl.p 1hv.1 o4f.1 5v 3m.2 4.1 o3.3 a i6v 3.2 2.15 2.8 16ra.1p"
    );

    /// <summary>Extended_Pictographic (Unicode 16.0).</summary>
    internal static readonly UnicodeRanges ExtendedPictographic = new(
        "4p 5 68e d 61 n 2j.5 g.1 a8.1 d 2o 1z q.a 5.2 5k 6g.1 b a 1n.3 2.5 2.b 2.35 b.39 3.a 2 2 7 4 7 b.1 g 3 5 2 5.2 2 c.4 "
            + "1a.2 a f f ad.1 cw.2 k.1 1g 5 yj d gq 2 2fzb.73 e.2 w 1p.5 d.1 f 3.9 j.1k s.e b l 3.8 2.3 a.c1 6.8t 9.7d 1d.3j 39.b "
            + "2e.16 d.3 1l.7 b.5 15.7 v.29 d.1a 2.9 2.c8 75.sd"
    );
}
