using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The priorities of a grid's edges on the host, [C, D, H, W]; NaN where there is no edge. They come from embeddings or from given weights; the
/// arithmetic is that of the sequential rule, bit for bit.
/// </summary>
internal sealed unsafe class MutexPrioritiesHost
{
    private readonly MutexGrid _grid;
    private readonly float* _embeddings;
    private readonly int _dimensions;
    private readonly float _reach;
    private readonly float* _weights;
    private readonly byte* _mask;
    private readonly float* _priorities;
    private readonly float[] _maxima;
    private readonly long[] _refused;

    private MutexPrioritiesHost(
        MutexGrid grid, float* embeddings, int dimensions, float reach, float* weights, byte* mask, float* priorities, int workers)
    {
        _grid = grid;
        _embeddings = embeddings;
        _dimensions = dimensions;
        _reach = reach;
        _weights = weights;
        _mask = mask;
        _priorities = priorities;
        _maxima = new float[workers];
        _refused = new long[workers];
        _maxima.AsSpan().Fill(float.NegativeInfinity);
        _refused.AsSpan().Fill(long.MaxValue);
    }

    /// <summary>From embeddings [D, H, W, E].</summary>
    /// <returns>The index of the first value that is not finite, or -1.</returns>
    public static long FromEmbeddings(
        HostScratch scratch, MutexGrid grid, float* embeddings, int dimensions, float reach, byte* mask, float* priorities) =>
        new MutexPrioritiesHost(grid, embeddings, dimensions, reach, null, mask, priorities, scratch.Workers).Fill(scratch);

    /// <summary>From weights [C, D, H, W]; those of edges that do not exist are not looked at.</summary>
    /// <returns>The id of the first edge whose priority is not finite, or -1.</returns>
    public static long FromWeights(HostScratch scratch, MutexGrid grid, float* weights, byte* mask, float* priorities) =>
        new MutexPrioritiesHost(grid, null, 0, 0, weights, mask, priorities, scratch.Workers).Fill(scratch);

    /// <summary>The weights of one offset's edges from embeddings that are known to be finite; undefined where there is no edge.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="grid">A grid of one offset.</param>
    /// <param name="embeddings">[D, H, W, E].</param>
    /// <param name="dimensions">E.</param>
    /// <param name="reach">2 delta_d.</param>
    /// <param name="weights">Receives [D, H, W].</param>
    public static void Weights(HostScratch scratch, MutexGrid grid, float* embeddings, int dimensions, float reach, float* weights)
    {
        var source = new MutexPrioritiesHost(grid, embeddings, dimensions, reach, null, null, weights, scratch.Workers);
        scratch.Run(grid.Depth * grid.Height, (from, until, _) =>
        {
            for (var row = from; row < until; row++)
                if (grid.Columns(0, row / grid.Height, row % grid.Height, out var start, out var end))
                    source.Weights(row * grid.Width, start, end, grid.Linear[0], weights + (long)row * grid.Width);
        }, 1);
    }

    /// <summary>The index of the first value that is not finite, or -1.</summary>
    public static long FirstNonFinite(HostScratch scratch, float* values, long count)
    {
        const int Block = 1 << 16;
        var found = new long[scratch.Workers];
        Array.Fill(found, long.MaxValue);
        scratch.Run((int)((count + Block - 1) / Block), (from, until, worker) =>
        {
            for (var b = from; b < until; b++)
            {
                var start = (long)b * Block;
                if (FiniteNumbers.IndexOfOther(new ReadOnlySpan<float>(values + start, (int)Math.Min(Block, count - start))) is >= 0 and var bad)
                {
                    found[worker] = start + bad;
                    return;
                }
            }
        }, 1);
        return found.Min() is var first && first == long.MaxValue ? -1 : first;
    }

    private long Fill(HostScratch scratch)
    {
        var rows = _grid.Depth * _grid.Height;
        scratch.Run(rows, Rows, 1);
        if (_grid.AttractiveShift is null && _refused.Min() == long.MaxValue)
        {
            var maximum = _maxima.Max();
            scratch.Run(rows, (from, until, worker) => Subtract(from, until, worker, maximum), 1);
        }

        return _refused.Min() is var first && first == long.MaxValue ? -1 : first;
    }

    private void Rows(int from, int until, int worker)
    {
        for (var row = from; row < until; row++)
        {
            var values = _grid.Width * _dimensions;
            if (_embeddings != null && FiniteNumbers.IndexOfOther(new ReadOnlySpan<float>(_embeddings + (long)row * values, values)) is >= 0 and var bad)
            {
                _refused[worker] = (long)row * values + bad;
                return;
            }

            for (var c = 0; c < _grid.Offsets.Length; c++)
                Row(c, row / _grid.Height, row % _grid.Height, worker);
        }
    }

    private void Row(int c, int z, int y, int worker)
    {
        var (width, first) = (_grid.Width, (z * _grid.Height + y) * _grid.Width);
        var id = (long)c * _grid.Voxels + first;
        var row = _priorities + id;
        if (!_grid.Columns(c, z, y, out var from, out var to))
        {
            new Span<float>(row, width).Fill(float.NaN);
            return;
        }

        new Span<float>(row, from).Fill(float.NaN);
        new Span<float>(row + to, width - to).Fill(float.NaN);
        if (_embeddings != null)
            Weights(first, from, to, _grid.Linear[c], row);
        else
            Buffer.MemoryCopy(_weights + id + from, row + from, (width - from) * sizeof(float), (to - from) * sizeof(float));

        var attractive = c < _grid.Attractive;
        var (scale, shift) = attractive ? (_grid.AttractiveScale, _grid.AttractiveShift) : (1, _grid.RepulsiveShift);
        if (shift is null)
            scale = 1;
        var sparse = !attractive && _grid.IsSparse;
        var bad = _mask == null && !sparse
            ? Scale(row, from, to, scale, shift ?? 0)
            : ScalePresent(row, from, to, scale, shift ?? 0, c, first, sparse);
        // Finite embeddings give finite weights; those that are not are found where they lie.
        if (bad >= 0 && _embeddings == null)
            _refused[worker] = Math.Min(_refused[worker], id + bad);
        if (shift is null)
            for (var x = from; x < to; x++)
                _maxima[worker] = row[x] > _maxima[worker] ? row[x] : _maxima[worker];
    }

    private void Weights(int first, int from, int to, int linear, float* row) => EdgeWeight.Run(
        _embeddings + ((long)first + from) * _dimensions, (nint)linear * _dimensions, _dimensions, _dimensions, to - from, _reach, row + from);

    private static int Scale(float* row, int from, int to, float scale, float shift)
    {
        var x = from;
        var wrong = Vector<float>.Zero;
        for (; x <= to - Vector<float>.Count; x += Vector<float>.Count)
        {
            var priority = Vector.Load(row + x) * scale + new Vector<float>(shift);
            priority.Store(row + x);
            wrong += priority - priority;
        }

        for (; x < to; x++)
        {
            row[x] = scale * row[x] + shift;
            wrong += new Vector<float>(row[x] - row[x]);
        }

        return Vector.Sum(wrong) == 0 ? -1 : from + FiniteNumbers.IndexOfOther(new ReadOnlySpan<float>(row + from, to - from));
    }

    private int ScalePresent(float* row, int from, int to, float scale, float shift, int c, int first, bool sparse)
    {
        var bad = -1;
        var (z, y) = (first / _grid.Width / _grid.Height, first / _grid.Width % _grid.Height);
        for (var x = from; x < to; x++)
        {
            var i = first + x;
            var present = (_mask == null || (_mask[i] != 0 && _mask[i + _grid.Linear[c]] != 0))
                && (!sparse || _grid.IsKept((uint)((long)c * _grid.Voxels + i), z, y, x));
            row[x] = present ? scale * row[x] + shift : float.NaN;
            if (present && !float.IsFinite(row[x]) && bad < 0)
                bad = x;
        }

        return bad;
    }

    private void Subtract(int from, int until, int worker, float maximum)
    {
        for (var c = 0; c < _grid.Attractive; c++)
        {
            var channel = _priorities + (long)c * _grid.Voxels;
            for (var i = from * _grid.Width; i < until * _grid.Width; i++)
            {
                channel[i] = maximum - channel[i];
                if (float.IsInfinity(channel[i]))
                    _refused[worker] = Math.Min(_refused[worker], (long)c * _grid.Voxels + i);
            }
        }
    }
}
