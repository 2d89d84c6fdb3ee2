using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>The vector instructions that a register tile needs; one struct per width, so that the compiler sees plain vectors.</summary>
internal unsafe interface ISimd<TVector> where TVector : struct
{
    static abstract int Lanes { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* target);

    /// <summary>Writes past the caches, to a multiple of the vector's size.</summary>
    static abstract void StorePast(TVector value, float* target);

    /// <summary>Terms that one step covers: 1, or one for every lane (<see cref="AlongTerms{TSimd,TVector}"/>).</summary>
    static virtual int TermsPerStep => 1;

    /// <summary>The left operand of a step: one value in every lane, or as many terms as there are lanes.</summary>
    static abstract TVector LoadLeft(byte* source);

    static abstract float Sum(TVector value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a b + c, in one rounding where the processor has FMA.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);
}

/// <summary>4 lanes: SSE, NEON, or whatever else the runtime maps 128-bit vectors to.</summary>
internal readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Lanes => 4;

    public static Vector128<float> Zero => Vector128<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePast(Vector128<float> value, float* target) => value.StoreAlignedNonTemporal(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadLeft(byte* source) => Vector128.Create(*(float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> value) => Vector128.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) => Vector128.MultiplyAddEstimate(a, b, c);
}

/// <summary>8 lanes: AVX2.</summary>
internal readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Lanes => 8;

    public static Vector256<float> Zero => Vector256<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePast(Vector256<float> value, float* target) => value.StoreAlignedNonTemporal(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadLeft(byte* source) => Vector256.Create(*(float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> value) => Vector256.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.MultiplyAddEstimate(a, b, c);
}

/// <summary>16 lanes: AVX-512.</summary>
internal readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Lanes => 16;

    public static Vector512<float> Zero => Vector512<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePast(Vector512<float> value, float* target) => value.StoreAlignedNonTemporal(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadLeft(byte* source) => Vector512.Create(*(float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value) => Vector512.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.MultiplyAddEstimate(a, b, c);
}

/// <summary>
/// The same vectors with neighbouring terms of one column in their lanes, summed over the lanes at the end: for fewer columns than lanes. The left
/// operand must then lie with its terms side by side.
/// </summary>
internal readonly unsafe struct AlongTerms<TSimd, TVector> : ISimd<TVector> where TSimd : ISimd<TVector> where TVector : struct
{
    public static int Lanes => TSimd.Lanes;

    public static int TermsPerStep => TSimd.Lanes;

    public static TVector Zero => TSimd.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(float* source) => TSimd.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TVector value, float* target) => TSimd.Store(value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePast(TVector value, float* target) => TSimd.StorePast(value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadLeft(byte* source) => TSimd.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(TVector value) => TSimd.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Add(TVector a, TVector b) => TSimd.Add(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Subtract(TVector a, TVector b) => TSimd.Subtract(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector MultiplyAdd(TVector a, TVector b, TVector c) => TSimd.MultiplyAdd(a, b, c);
}

/// <summary>A piece of the summed dimension: where its first left and right operands are.</summary>
internal unsafe struct TileSegment
{
    public byte* A;
    public byte* B;
}

/// <summary>
/// A small matrix product whose result stays in registers: C[p][q] (+)= sum over segments and steps k of A[p rowStride + k stepStride] B[k][q],
/// p &lt; rows, q &lt; registers * lanes. A is read one value at a time where it lies (strides and offsets in bytes), B is packed.
/// </summary>
internal unsafe struct RegisterTile
{
    /// <summary>Most rows with two registers of columns: 12 accumulators of the 16 registers, 24 of the 32 of AVX-512.</summary>
    public static int MaximumRows(int lanes, int registers) => registers == 1 || lanes == 16 ? 12 : 6;

    public TileSegment* Segments;
    public int SegmentCount;
    public int Steps;
    public nint OffsetA;
    public nint OffsetB;
    public nint RowStride;
    public nint StepStride;
    public nint StrideC;
    public float* Initial;
    public bool Accumulate;

    /// <summary>
    /// How many rows to take next when <paramref name="remaining"/> are left: 12 where allowed, else up to 6, shared evenly among the tiles that are
    /// needed, because a tile of one or two rows leaves the multipliers waiting for their own results.
    /// </summary>
    public static int NextRows(int remaining, int maximum)
    {
        if (maximum == 12 && (remaining == 12 || remaining >= 16))
            return 12;
        var tiles = (remaining + 5) / 6;
        return (remaining + tiles - 1) / tiles;
    }

    /// <summary>Runs the instance of the product for a number of rows (1 .. 6 or 12) and registers (1 or 2).</summary>
    public readonly void Run<TSimd, TVector>(int rows, int registers, float* c) where TSimd : ISimd<TVector> where TVector : struct
    {
        fixed (RegisterTile* tile = &this)
        {
            if (registers == 1)
                Run<TSimd, TVector, One>(tile, rows, c);
            else
                Run<TSimd, TVector, Two>(tile, rows, c);
        }
    }

    private static void Run<TSimd, TVector, TRegisters>(RegisterTile* tile, int rows, float* c)
        where TSimd : ISimd<TVector> where TVector : struct where TRegisters : ICount
    {
        switch (rows)
        {
            case 1:
                Multiply<TSimd, TVector, One, TRegisters>(tile, c);
                break;
            case 2:
                Multiply<TSimd, TVector, Two, TRegisters>(tile, c);
                break;
            case 3:
                Multiply<TSimd, TVector, Three, TRegisters>(tile, c);
                break;
            case 4:
                Multiply<TSimd, TVector, Four, TRegisters>(tile, c);
                break;
            case 5:
                Multiply<TSimd, TVector, Five, TRegisters>(tile, c);
                break;
            case 6:
                Multiply<TSimd, TVector, Six, TRegisters>(tile, c);
                break;
            default:
                Multiply<TSimd, TVector, Twelve, TRegisters>(tile, c);
                break;
        }
    }

    /// <summary>
    /// Every accumulator is a local variable and every condition on a count a constant of the instance, so that the compiler keeps the
    /// accumulators in registers and drops the rows that an instance does not have.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TSimd, TVector, TRows, TRegisters>(RegisterTile* tile, float* c)
        where TSimd : ISimd<TVector> where TVector : struct where TRows : ICount where TRegisters : ICount
    {
        var width = TRegisters.Value * TSimd.Lanes;
        var initial0 = tile->Initial != null ? TSimd.Load(tile->Initial) : TSimd.Zero;
        var initial1 = TRegisters.Value > 1 && tile->Initial != null ? TSimd.Load(tile->Initial + TSimd.Lanes) : TSimd.Zero;
        TVector s0 = initial0, s1 = initial0, s2 = initial0, s3 = initial0, s4 = initial0, s5 = initial0;
        TVector s6 = initial0, s7 = initial0, s8 = initial0, s9 = initial0, s10 = initial0, s11 = initial0;
        TVector t0 = initial1, t1 = initial1, t2 = initial1, t3 = initial1, t4 = initial1, t5 = initial1;
        TVector t6 = initial1, t7 = initial1, t8 = initial1, t9 = initial1, t10 = initial1, t11 = initial1;

        var row = tile->RowStride;
        var row3 = 3 * row;
        var row5 = 5 * row;
        var step = tile->StepStride;
        var segment = tile->Segments;
        for (var end = segment + tile->SegmentCount; segment < end; segment++)
        {
            var a = segment->A + tile->OffsetA;
            var b = (float*)(segment->B + tile->OffsetB);
            var last = b + (nint)tile->Steps * width;
            do
            {
                var b0 = TSimd.Load(b);
                var b1 = TRegisters.Value > 1 ? TSimd.Load(b + TSimd.Lanes) : b0;
                b += width;
                var v = TSimd.LoadLeft(a);
                s0 = TSimd.MultiplyAdd(v, b0, s0);
                if (TRegisters.Value > 1)
                    t0 = TSimd.MultiplyAdd(v, b1, t0);
                if (TRows.Value > 1)
                {
                    v = TSimd.LoadLeft(a + row);
                    s1 = TSimd.MultiplyAdd(v, b0, s1);
                    if (TRegisters.Value > 1)
                        t1 = TSimd.MultiplyAdd(v, b1, t1);
                }

                if (TRows.Value > 2)
                {
                    v = TSimd.LoadLeft(a + 2 * row);
                    s2 = TSimd.MultiplyAdd(v, b0, s2);
                    if (TRegisters.Value > 1)
                        t2 = TSimd.MultiplyAdd(v, b1, t2);
                }

                if (TRows.Value > 3)
                {
                    v = TSimd.LoadLeft(a + row3);
                    s3 = TSimd.MultiplyAdd(v, b0, s3);
                    if (TRegisters.Value > 1)
                        t3 = TSimd.MultiplyAdd(v, b1, t3);
                }

                if (TRows.Value > 4)
                {
                    v = TSimd.LoadLeft(a + 4 * row);
                    s4 = TSimd.MultiplyAdd(v, b0, s4);
                    if (TRegisters.Value > 1)
                        t4 = TSimd.MultiplyAdd(v, b1, t4);
                }

                if (TRows.Value > 5)
                {
                    v = TSimd.LoadLeft(a + row5);
                    s5 = TSimd.MultiplyAdd(v, b0, s5);
                    if (TRegisters.Value > 1)
                        t5 = TSimd.MultiplyAdd(v, b1, t5);
                }

                if (TRows.Value > 6)
                {
                    var a6 = a + 2 * row3;
                    v = TSimd.LoadLeft(a6);
                    s6 = TSimd.MultiplyAdd(v, b0, s6);
                    if (TRegisters.Value > 1)
                        t6 = TSimd.MultiplyAdd(v, b1, t6);
                    v = TSimd.LoadLeft(a6 + row);
                    s7 = TSimd.MultiplyAdd(v, b0, s7);
                    if (TRegisters.Value > 1)
                        t7 = TSimd.MultiplyAdd(v, b1, t7);
                    v = TSimd.LoadLeft(a6 + 2 * row);
                    s8 = TSimd.MultiplyAdd(v, b0, s8);
                    if (TRegisters.Value > 1)
                        t8 = TSimd.MultiplyAdd(v, b1, t8);
                    v = TSimd.LoadLeft(a6 + row3);
                    s9 = TSimd.MultiplyAdd(v, b0, s9);
                    if (TRegisters.Value > 1)
                        t9 = TSimd.MultiplyAdd(v, b1, t9);
                    v = TSimd.LoadLeft(a6 + 4 * row);
                    s10 = TSimd.MultiplyAdd(v, b0, s10);
                    if (TRegisters.Value > 1)
                        t10 = TSimd.MultiplyAdd(v, b1, t10);
                    v = TSimd.LoadLeft(a6 + row5);
                    s11 = TSimd.MultiplyAdd(v, b0, s11);
                    if (TRegisters.Value > 1)
                        t11 = TSimd.MultiplyAdd(v, b1, t11);
                }

                a += step;
            }
            while (b < last);
        }

        var accumulate = tile->Accumulate;
        var stride = tile->StrideC;
        Finish<TSimd, TVector, TRegisters>(s0, t0, c, accumulate);
        if (TRows.Value > 1)
            Finish<TSimd, TVector, TRegisters>(s1, t1, c += stride, accumulate);
        if (TRows.Value > 2)
            Finish<TSimd, TVector, TRegisters>(s2, t2, c += stride, accumulate);
        if (TRows.Value > 3)
            Finish<TSimd, TVector, TRegisters>(s3, t3, c += stride, accumulate);
        if (TRows.Value > 4)
            Finish<TSimd, TVector, TRegisters>(s4, t4, c += stride, accumulate);
        if (TRows.Value > 5)
            Finish<TSimd, TVector, TRegisters>(s5, t5, c += stride, accumulate);
        if (TRows.Value > 6)
        {
            Finish<TSimd, TVector, TRegisters>(s6, t6, c += stride, accumulate);
            Finish<TSimd, TVector, TRegisters>(s7, t7, c += stride, accumulate);
            Finish<TSimd, TVector, TRegisters>(s8, t8, c += stride, accumulate);
            Finish<TSimd, TVector, TRegisters>(s9, t9, c += stride, accumulate);
            Finish<TSimd, TVector, TRegisters>(s10, t10, c += stride, accumulate);
            Finish<TSimd, TVector, TRegisters>(s11, t11, c + stride, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TSimd, TVector, TRegisters>(TVector s, TVector t, float* c, bool accumulate)
        where TSimd : ISimd<TVector> where TVector : struct where TRegisters : ICount
    {
        TSimd.Store(accumulate ? TSimd.Add(s, TSimd.Load(c)) : s, c);
        if (TRegisters.Value > 1)
            TSimd.Store(accumulate ? TSimd.Add(t, TSimd.Load(c + TSimd.Lanes)) : t, c + TSimd.Lanes);
    }

    /// <summary>A number as a type, so that each value gets code of its own.</summary>
    private interface ICount
    {
        static abstract int Value { get; }
    }

    private readonly struct One : ICount
    {
        public static int Value => 1;
    }

    private readonly struct Two : ICount
    {
        public static int Value => 2;
    }

    private readonly struct Three : ICount
    {
        public static int Value => 3;
    }

    private readonly struct Four : ICount
    {
        public static int Value => 4;
    }

    private readonly struct Five : ICount
    {
        public static int Value => 5;
    }

    private readonly struct Six : ICount
    {
        public static int Value => 6;
    }

    private readonly struct Twelve : ICount
    {
        public static int Value => 12;
    }
}
