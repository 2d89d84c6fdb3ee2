using System.Numerics;

namespace Spoco.Tests.Cuda;

/// <summary>
/// What instructions do, by their names (PTX ISA 7.8, chapter 9). Registers hold the bits of a value, zero above its type. Approximate functions are computed
/// in double precision and rounded; a sum of products is not contracted.
/// </summary>
internal static class PtxInstructions
{
    private static readonly Dictionary<string, PtxAction> Known = [];

    static PtxInstructions()
    {
        AddNumbers();
        AddBits();
        AddConversions();
        AddPredicates();
        AddMemory();
        PtxMatrix.AddTo(Known);
    }

    /// <summary>What the instruction of a name does; null where it is not known.</summary>
    public static PtxAction? Find(string name) => Known.GetValueOrDefault(name);

    /// <summary>Whether its first operand is what it writes.</summary>
    public static bool Writes(string name) => name.Split('.')[0] is not ("st" or "red" or "cp");

    private static void AddNumbers()
    {
        foreach (var bits in (int[])[32, 64])
        {
            foreach (var type in (string[])[$"u{bits}", $"s{bits}"])
            {
                Binary($"add.{type}", (a, b) => Cut(a + b, bits));
                Binary($"sub.{type}", (a, b) => Cut(a - b, bits));
                Binary($"mul.lo.{type}", (a, b) => Cut(a * b, bits));
                Ternary($"mad.lo.{type}", (a, b, c) => Cut(a * b + c, bits));
            }

            // A division by 0 has no defined result; here it is one that shows.
            Binary($"div.u{bits}", (a, b) => Cut(b, bits) == 0 ? Cut(ulong.MaxValue, bits) : Cut(a, bits) / Cut(b, bits));
            Binary($"rem.u{bits}", (a, b) => Cut(b, bits) == 0 ? Cut(ulong.MaxValue, bits) : Cut(a, bits) % Cut(b, bits));
            Binary($"div.s{bits}", (a, b) => Signed(b, bits) switch { 0 => Cut(ulong.MaxValue, bits), -1 => Cut(0 - a, bits), var d => Cut((ulong)(Signed(a, bits) / d), bits) });
            Binary($"rem.s{bits}", (a, b) => Signed(b, bits) switch { 0 => Cut(ulong.MaxValue, bits), -1 => 0, var d => Cut((ulong)(Signed(a, bits) % d), bits) });
            Binary($"min.u{bits}", (a, b) => Math.Min(Cut(a, bits), Cut(b, bits)));
            Binary($"max.u{bits}", (a, b) => Math.Max(Cut(a, bits), Cut(b, bits)));
            Binary($"min.s{bits}", (a, b) => Cut((ulong)Math.Min(Signed(a, bits), Signed(b, bits)), bits));
            Binary($"max.s{bits}", (a, b) => Cut((ulong)Math.Max(Signed(a, bits), Signed(b, bits)), bits));
            Unary($"neg.s{bits}", a => Cut(0 - a, bits));
            Unary($"abs.s{bits}", a => Cut((ulong)Math.Abs(Signed(a, bits)), bits));
        }

        Binary("mul.wide.u32", (a, b) => (ulong)(uint)a * (uint)b);
        Binary("mul.wide.s32", (a, b) => (ulong)((long)(int)a * (int)b));
        Ternary("mad.wide.u32", (a, b, c) => (ulong)(uint)a * (uint)b + c);

        Singles("add.f32", (a, b) => a + b);
        Singles("sub.f32", (a, b) => a - b);
        Singles("mul.f32", (a, b) => a * b);
        Singles("div.rn.f32", (a, b) => a / b);
        Singles("min.f32", (a, b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : Math.Min(a, b));
        Singles("max.f32", (a, b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : Math.Max(a, b));
        Ternary("fma.rn.f32", (a, b, c) => Of(MathF.FusedMultiplyAdd(Single(a), Single(b), Single(c))));
        Single1("neg.f32", a => -a);
        Single1("abs.f32", MathF.Abs);
        Single1("sqrt.rn.f32", MathF.Sqrt);
        Single1("rcp.rn.f32", a => 1 / a);
        Single1("rsqrt.approx.f32", a => (float)(1 / Math.Sqrt(a)));
        Single1("ex2.approx.f32", a => (float)Math.Pow(2, a));
        Single1("lg2.approx.f32", a => (float)Math.Log2(a));

        Doubles("add.f64", (a, b) => a + b);
        Doubles("sub.f64", (a, b) => a - b);
        Doubles("mul.f64", (a, b) => a * b);
        Doubles("div.rn.f64", (a, b) => a / b);
        Unary("neg.f64", a => Of(-Double(a)));
        Unary("abs.f64", a => Of(Math.Abs(Double(a))));
        Unary("sqrt.rn.f64", a => Of(Math.Sqrt(Double(a))));
    }

    private static void AddBits()
    {
        foreach (var bits in (int[])[16, 32, 64])
        {
            Binary($"and.b{bits}", (a, b) => Cut(a & b, bits));
            Binary($"or.b{bits}", (a, b) => Cut(a | b, bits));
            Binary($"xor.b{bits}", (a, b) => Cut(a ^ b, bits));
            Unary($"not.b{bits}", a => Cut(~a, bits));
            // Shifts by more than there are bits leave nothing, or the sign.
            Binary($"shl.b{bits}", (a, b) => (uint)b >= bits ? 0 : Cut(a << (int)b, bits));
            Binary($"shr.u{bits}", (a, b) => (uint)b >= bits ? 0 : Cut(a, bits) >> (int)b);
            Binary($"shr.s{bits}", (a, b) => Cut((ulong)(Signed(a, bits) >> (int)Math.Min((uint)b, bits - 1)), bits));
            foreach (var type in (string[])[$"b{bits}", $"u{bits}", $"s{bits}", $"f{bits}"])
            {
                Unary($"mov.{type}", a => Cut(a, bits));
                Known[$"selp.{type}"] = (warp, instruction, lanes) =>
                {
                    var chosen = warp.Predicates[instruction.From[2]];
                    for (var lane = 0; lane < PtxWarp.Size; lane++)
                        if ((lanes >> lane & 1) != 0)
                            warp.Set(instruction.To[0], lane, Cut(warp.Get(instruction.From[(chosen >> lane & 1) != 0 ? 0 : 1], lane), bits));
                };
            }
        }

        Unary("popc.b32", a => (ulong)BitOperations.PopCount((uint)a));
        Unary("clz.b32", a => (ulong)BitOperations.LeadingZeroCount((uint)a));
    }

    private static void AddConversions()
    {
        // The numbers 's' and 'u' before bits; a conversion to a wider type extends by the sign of the narrow one.
        foreach (var from in (int[])[8, 16, 32, 64])
        {
            foreach (var to in (int[])[8, 16, 32, 64])
            {
                foreach (var sign in "us")
                {
                    Unary($"cvt.{sign}{to}.s{from}", a => Cut((ulong)Signed(a, from), to));
                    Unary($"cvt.{sign}{to}.u{from}", a => Cut(Cut(a, from), to));
                }
            }

            Unary($"cvt.rn.f32.s{from}", a => Of((float)Signed(a, from)));
            Unary($"cvt.rn.f32.u{from}", a => Of((float)Cut(a, from)));
            Unary($"cvt.rn.f64.s{from}", a => Of((double)Signed(a, from)));
            Unary($"cvt.rn.f64.u{from}", a => Of((double)Cut(a, from)));
        }

        Unary("cvt.rzi.s32.f32", a => Cut((ulong)(long)Math.Clamp(Finite(Single(a)), int.MinValue, int.MaxValue), 32));
        Unary("cvt.rzi.s64.f32", a => (ulong)(long)Finite(Single(a)));
        Unary("cvt.rzi.u32.f32", a => (uint)Math.Clamp(Finite(Single(a)), 0, uint.MaxValue));
        Unary("cvt.f64.f32", a => Of((double)Single(a)));
        Unary("cvt.rn.f32.f64", a => Of((float)Double(a)));
        Unary("cvta.to.global.u64", a => a);
        Unary("cvta.global.u64", a => a);
        Unary("cvta.to.shared.u64", a => a - PtxGroup.SharedWindow);
        Unary("cvta.shared.u64", a => a + PtxGroup.SharedWindow);

        static double Finite(float value) => float.IsNaN(value) ? 0 : value;
    }

    private static void AddPredicates()
    {
        Logic("and.pred", (a, b) => a & b);
        Logic("or.pred", (a, b) => a | b);
        Logic("xor.pred", (a, b) => a ^ b);
        Known["not.pred"] = (warp, i, lanes) => warp.Decide(i.To[0], lanes, ~warp.Predicates[i.From[0]]);
        Known["mov.pred"] = (warp, i, lanes) => warp.Decide(i.To[0], lanes, i.From.Length > 0 ? warp.Predicates[i.From[0]] : i.Offset != 0 ? uint.MaxValue : 0);
        Known["testp.notanumber.f32"] = (warp, i, lanes) => warp.Compare(i, lanes, (a, _) => float.IsNaN(Single(a)));

        foreach (var bits in (int[])[16, 32, 64])
        {
            Comparison("eq", $"b{bits}", (a, b) => Cut(a, bits) == Cut(b, bits));
            Comparison("ne", $"b{bits}", (a, b) => Cut(a, bits) != Cut(b, bits));
            foreach (var sign in "us")
            {
                Comparison("eq", $"{sign}{bits}", (a, b) => Cut(a, bits) == Cut(b, bits));
                Comparison("ne", $"{sign}{bits}", (a, b) => Cut(a, bits) != Cut(b, bits));
            }

            Comparison("lt", $"s{bits}", (a, b) => Signed(a, bits) < Signed(b, bits));
            Comparison("le", $"s{bits}", (a, b) => Signed(a, bits) <= Signed(b, bits));
            Comparison("gt", $"s{bits}", (a, b) => Signed(a, bits) > Signed(b, bits));
            Comparison("ge", $"s{bits}", (a, b) => Signed(a, bits) >= Signed(b, bits));
            foreach (var (less, greater, orLess, orGreater) in (ReadOnlySpan<(string, string, string, string)>)[("lt", "gt", "le", "ge"), ("lo", "hi", "ls", "hs")])
            {
                Comparison(less, $"u{bits}", (a, b) => Cut(a, bits) < Cut(b, bits));
                Comparison(greater, $"u{bits}", (a, b) => Cut(a, bits) > Cut(b, bits));
                Comparison(orLess, $"u{bits}", (a, b) => Cut(a, bits) <= Cut(b, bits));
                Comparison(orGreater, $"u{bits}", (a, b) => Cut(a, bits) >= Cut(b, bits));
            }
        }

        // With a 'u', what is no number compares as true.
        foreach (var (type, read) in (ReadOnlySpan<(string, Func<ulong, double>)>)[("f32", a => Single(a)), ("f64", Double)])
        {
            Numbers("eq", (a, b) => a == b);
            Numbers("lt", (a, b) => a < b);
            Numbers("le", (a, b) => a <= b);
            Numbers("gt", (a, b) => a > b);
            Numbers("ge", (a, b) => a >= b);
            Numbers("ne", (a, b) => a < b || a > b);

            void Numbers(string name, Func<double, double, bool> holds)
            {
                Comparison(name, type, (a, b) => holds(read(a), read(b)));
                Comparison(name + "u", type, (a, b) => double.IsNaN(read(a)) || double.IsNaN(read(b)) || holds(read(a), read(b)));
            }
        }
    }

    private static void AddMemory()
    {
        foreach (var space in (string[])["", ".param", ".shared", ".global"])
        {
            foreach (var vector in (string[])["", ".v2", ".v4"])
            {
                foreach (var type in (string[])["b8", "b16", "b32", "b64", "u8", "u16", "u32", "u64", "s32", "s64", "f32", "f64"])
                {
                    Known[$"ld{space}{vector}.{type}"] = (warp, i, lanes) => warp.Load(i, lanes);
                    Known[$"st{space}{vector}.{type}"] = (warp, i, lanes) => warp.Store(i, lanes);
                }
            }
        }

        foreach (var bits in (int[])[32, 64])
        {
            foreach (var type in (string[])[$"u{bits}", $"s{bits}", $"b{bits}"])
            {
                Atomic("add", type, (old, value, _) => Cut(old + value, bits));
                Atomic("exch", type, (_, value, _) => value);
                Atomic("and", type, (old, value, _) => old & value);
                Atomic("or", type, (old, value, _) => old | value);
                Atomic("cas", type, (old, compared, value) => old == Cut(compared, bits) ? Cut(value, bits) : old);
            }

            Atomic("max", $"u{bits}", (old, value, _) => Math.Max(old, Cut(value, bits)));
            Atomic("min", $"u{bits}", (old, value, _) => Math.Min(old, Cut(value, bits)));
            Atomic("max", $"s{bits}", (old, value, _) => Cut((ulong)Math.Max(Signed(old, bits), Signed(value, bits)), bits));
            Atomic("min", $"s{bits}", (old, value, _) => Cut((ulong)Math.Min(Signed(old, bits), Signed(value, bits)), bits));
        }

        foreach (var cache in (string[])["ca", "cg"])
            Known[$"cp.async.{cache}.shared.global"] = (warp, i, lanes) => warp.CopyLater(i, lanes);
        Known["cp.async.commit_group"] = (warp, _, lanes) => warp.Commit(lanes);
        Known["cp.async.wait_group"] = (warp, i, lanes) => warp.WaitForCopies(lanes, (int)i.Offset);

        static void Atomic(string name, string type, Func<ulong, ulong, ulong, ulong> update)
        {
            foreach (var space in (string[])["", ".global", ".shared"])
            {
                Known[$"atom{space}.{name}.{type}"] = (warp, i, lanes) => warp.Update(i, lanes, update);
                Known[$"red{space}.{name}.{type}"] = (warp, i, lanes) => warp.Update(i, lanes, update);
            }
        }
    }

    private static float Single(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double Double(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static ulong Of(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong Of(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static ulong Cut(ulong value, int bits) => bits == 64 ? value : value & ((1ul << bits) - 1);

    private static long Signed(ulong value, int bits) => (long)(value << 64 - bits) >> 64 - bits;

    private static void Unary(string name, Func<ulong, ulong> of) => Known[name] = (warp, i, lanes) => warp.Compute(i, lanes, of);

    private static void Binary(string name, Func<ulong, ulong, ulong> of) => Known[name] = (warp, i, lanes) => warp.Compute(i, lanes, of);

    private static void Ternary(string name, Func<ulong, ulong, ulong, ulong> of) => Known[name] = (warp, i, lanes) => warp.Compute(i, lanes, of);

    private static void Single1(string name, Func<float, float> of) => Unary(name, a => Of(of(Single(a))));

    private static void Singles(string name, Func<float, float, float> of) => Binary(name, (a, b) => Of(of(Single(a), Single(b))));

    private static void Doubles(string name, Func<double, double, double> of) => Binary(name, (a, b) => Of(of(Double(a), Double(b))));

    private static void Logic(string name, Func<uint, uint, uint> of) =>
        Known[name] = (warp, i, lanes) => warp.Decide(i.To[0], lanes, of(warp.Predicates[i.From[0]], warp.Predicates[i.From[1]]));

    // With a third operand the result is joined with a predicate.
    private static void Comparison(string name, string type, Func<ulong, ulong, bool> holds)
    {
        Known[$"setp.{name}.{type}"] = (warp, i, lanes) => warp.Compare(i, lanes, holds);
        Known[$"setp.{name}.or.{type}"] = (warp, i, lanes) =>
        {
            var other = warp.Predicates[i.From[2]];
            warp.Compare(i, lanes, holds);
            warp.Decide(i.To[0], lanes, warp.Predicates[i.To[0]] | other);
        };
        Known[$"setp.{name}.and.{type}"] = (warp, i, lanes) =>
        {
            var other = warp.Predicates[i.From[2]];
            warp.Compare(i, lanes, holds);
            warp.Decide(i.To[0], lanes, warp.Predicates[i.To[0]] & other);
        };
    }
}
