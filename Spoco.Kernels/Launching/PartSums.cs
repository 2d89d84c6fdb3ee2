using System.Runtime.CompilerServices;

namespace Spoco.Kernels;

/// <summary>Work with sums: a range of indices belongs to one part, and adds to the sums of that part alone.</summary>
internal interface IPartBody
{
    /// <summary>Handles the indices [<paramref name="from"/>, <paramref name="until"/>) of a part.</summary>
    /// <param name="from">First index.</param>
    /// <param name="until">One past the last index.</param>
    /// <param name="part">0 .. <see cref="PartSums.Parts"/> - 1: selects the sums.</param>
    /// <param name="worker">Selects scratch memory.</param>
    void Execute(int from, int until, int part, int worker);
}

/// <summary>
/// Sums on the host whose bits do not depend on the number of workers. The indices are cut into parts by their number alone, every part has sums of its
/// own, and the parts are added in their order, whoever worked on them.
/// </summary>
internal static unsafe class PartSums
{
    /// <summary>Parts: as many workers as that can take part.</summary>
    public const int Parts = 64;

    /// <summary>Runs a body over [0, <paramref name="count"/>), part by part.</summary>
    public static void Run<TBody>(HostDevice host, int count, TBody body) where TBody : struct, IPartBody =>
        host.Workers.RunPieces(Parts, new PartBody<TBody>(body, count));

    /// <summary>The first numbers of a workspace, every one 0.</summary>
    public static double* Cleared(DeviceMemory memory, long length)
    {
        var values = (double*)memory.Block.Pointer;
        new Span<double>(values, checked((int)length)).Clear();
        return values;
    }

    /// <summary>sums = the sum of parts that lie one behind the other; the first one is overwritten.</summary>
    public static void Add(double* partials, DeviceBuffer<float> sums)
    {
        Add(partials, sums.Length);
        for (long i = 0; i < sums.Length; i++)
            sums.HostAddress[i] = (float)partials[i];
    }

    /// <summary>Adds the other parts to the first one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(double* partials, long length)
    {
        for (var part = 1; part < Parts; part++)
        {
            for (long i = 0; i < length; i++)
                partials[i] += partials[part * length + i];
        }
    }

    private readonly struct PartBody<TBody>(TBody body, int count) : IParallelBody where TBody : struct, IPartBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var part = from; part < until; part++)
            {
                var (first, end) = (First(part), First(part + 1));
                if (first < end)
                    body.Execute(first, end, part, worker);
            }
        }

        private int First(int part) => (int)((long)count * part / Parts);
    }
}
