namespace Spoco.Tests.Cuda;

/// <summary>Instructions of a whole warp (PTX ISA 7.8, 9.7.13): which thread has which part of a matrix is theirs alone, written down from the manual and not from the kernels.</summary>
internal static class PtxMatrix
{
    /// <summary>Adds what they do to a table.</summary>
    public static void AddTo(Dictionary<string, PtxAction> known)
    {
        foreach (var count in (int[])[1, 2, 4])
        {
            known[$"ldmatrix.sync.aligned.m8n8.x{count}.shared.b16"] = (warp, i, lanes) => Load(warp, i, lanes, count, transposed: false);
            known[$"ldmatrix.sync.aligned.m8n8.x{count}.trans.shared.b16"] = (warp, i, lanes) => Load(warp, i, lanes, count, transposed: true);
        }

        known["mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"] = (warp, i, lanes) => Multiply(warp, i, lanes, 8, 4, TensorFloat32A, TensorFloat32B);
        known["mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"] = (warp, i, lanes) => Multiply(warp, i, lanes, 16, 4, BrainA, BrainB);
        known["mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32"] = (warp, i, lanes) => Multiply(warp, i, lanes, 8, 2, BrainA, BrainB);
    }

    // Thread 8 m + r says where row r of matrix m lies; thread 4 r + w gets word w of row r of each matrix; transposed, elements 2 w and 2 w + 1 of column r.
    private static unsafe void Load(PtxWarp warp, PtxInstruction instruction, uint lanes, int count, bool transposed)
    {
        RequireAll(instruction, lanes);
        Span<ulong> rows = stackalloc ulong[8 * count];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = warp.Get(instruction.From[0], i) + (ulong)instruction.Offset;
            if (rows[i] % 16 != 0)
                throw new PtxFault($"a row at {rows[i]}, no multiple of 16 bytes");
        }

        Span<ulong> results = stackalloc ulong[PtxWarp.Size * count];
        warp.Tally.Matrix(rows);
        for (var m = 0; m < count; m++)
        {
            for (var lane = 0; lane < PtxWarp.Size; lane++)
            {
                var (g, t) = (lane / 4, lane % 4);
                results[m * PtxWarp.Size + lane] = transposed
                    ? *(ushort*)At(8 * m + 2 * t, 2 * g) | (ulong)*(ushort*)At(8 * m + 2 * t + 1, 2 * g) << 16
                    : *(uint*)At(8 * m + g, 4 * t);
            }
        }

        for (var m = 0; m < count; m++)
            for (var lane = 0; lane < PtxWarp.Size; lane++)
                warp.Set(instruction.To[m], lane, results[m * PtxWarp.Size + lane]);

        byte* At(int row, int offset) => warp.Group.Shared(RowsAt(row) + (ulong)offset, 2);
        ulong RowsAt(int row) => warp.Get(instruction.From[0], row) + (ulong)instruction.Offset;
    }

    // Sums of exact products, rounded once: units keep fewer bits of a sum, how many nobody says.
    private static void Multiply(
        PtxWarp warp, PtxInstruction instruction, uint lanes, int depth, int registersOfA, Func<PtxWarp, ReadOnlySpan<int>, int, int, double> a,
        Func<PtxWarp, ReadOnlySpan<int>, int, int, double> b)
    {
        RequireAll(instruction, lanes);
        var registersOfB = registersOfA / 2;
        ReadOnlySpan<int> registers = instruction.From;
        var ofA = registers[..registersOfA];
        var ofB = registers[registersOfA..(registersOfA + registersOfB)];
        var ofC = registers[(registersOfA + registersOfB)..];
        Span<double> left = stackalloc double[16 * 16], right = stackalloc double[16 * 8];
        for (var k = 0; k < depth; k++)
        {
            for (var m = 0; m < 16; m++)
                left[m * depth + k] = a(warp, ofA, m, k);
            for (var n = 0; n < 8; n++)
                right[n * depth + k] = b(warp, ofB, k, n);
        }

        warp.Tally.Products++;
        for (var lane = 0; lane < PtxWarp.Size; lane++)
        {
            for (var i = 0; i < 4; i++)
            {
                // Thread 4 g + t has rows g and g + 8 of columns 2 t and 2 t + 1.
                var (row, column) = (lane / 4 + 8 * (i / 2), 2 * (lane % 4) + i % 2);
                double sum = BitConverter.UInt32BitsToSingle((uint)warp.Get(ofC[i], lane));
                for (var k = 0; k < depth; k++)
                    sum += left[row * depth + k] * right[column * depth + k];
                warp.Set(instruction.To[i], lane, BitConverter.SingleToUInt32Bits((float)sum));
            }
        }
    }

    // A of 16 x 8: register 2 [k >= 4] + [m >= 8] of thread 4 (m % 8) + k % 4.
    private static double TensorFloat32A(PtxWarp warp, ReadOnlySpan<int> registers, int m, int k) => Cut(warp.Get(registers[2 * (k / 4) + m / 8], 4 * (m % 8) + k % 4));

    // B of 8 x 8: register [k >= 4] of thread 4 n + k % 4.
    private static double TensorFloat32B(PtxWarp warp, ReadOnlySpan<int> registers, int k, int n) => Cut(warp.Get(registers[k / 4], 4 * n + k % 4));

    // Two numbers of 16 bits a register, the one of smaller k below: register 2 [k >= 8] + [m >= 8] of thread 4 (m % 8) + k % 8 / 2.
    private static double BrainA(PtxWarp warp, ReadOnlySpan<int> registers, int m, int k) => Half(warp.Get(registers[2 * (k / 8) + m / 8], 4 * (m % 8) + k % 8 / 2), k);

    private static double BrainB(PtxWarp warp, ReadOnlySpan<int> registers, int k, int n) => Half(warp.Get(registers[k / 8], 4 * n + k % 8 / 2), k);

    // The lower 13 bits do not reach the multiplier.
    private static double Cut(ulong word) => BitConverter.UInt32BitsToSingle((uint)word & 0xffffe000);

    private static double Half(ulong word, int k) => BitConverter.UInt32BitsToSingle((uint)(word >> 16 * (k % 2)) << 16);

    private static void RequireAll(PtxInstruction instruction, uint lanes)
    {
        if (lanes != uint.MaxValue)
            throw new PtxFault($"{System.Numerics.BitOperations.PopCount(lanes)} of {PtxWarp.Size} threads of a warp are at '{instruction.Text}'");
    }
}
