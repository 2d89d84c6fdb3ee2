namespace Spoco.Kernels.Primitives;

/// <summary>The edges that have an end in a block: those within by channel and voxel, those across its faces as a list.</summary>
internal sealed unsafe class BlockValues
{
    private readonly HostScratch _scratch;
    private readonly BlockLayout _layout;
    private readonly VoxelBox _box;
    private readonly VoxelBox _around;
    private byte* _maskAround;
    private readonly int _channels;
    private int _crossing;

    private BlockValues(HostScratch scratch, BlockLayout layout, VoxelBox box, BlockVoxels voxels, int channels)
    {
        (_scratch, _layout, _box, _around, _channels) = (scratch, layout, box, voxels.Around, channels);
        _maskAround = voxels.MaskAt;
        Priorities = scratch.Take<float>(box.VoxelCount * channels);
        Crossing = scratch.Take<CrossingEdge>(layout.Crossing(box));
        var priorities = Priorities;
        scratch.Run((int)box.VoxelCount, (from, until, _) =>
        {
            for (var c = 0; c < channels; c++)
                new Span<float>(priorities + c * box.VoxelCount + from, until - from).Fill(float.NaN);
        });
    }

    /// <summary>[C, D, H, W] of the block; NaN where there is no edge within it.</summary>
    public float* Priorities { get; }

    /// <summary>The edges across the faces, in no order.</summary>
    public CrossingEdge* Crossing { get; }

    /// <summary>How many they are.</summary>
    public int CrossingCount => _crossing;

    /// <summary>Voxels of the block that are 0 here do not count; null = all do.</summary>
    public byte* Mask { get; private set; }

    /// <summary>Embeddings of the block and its surroundings; null = not known.</summary>
    public float* Embeddings { get; private set; }

    /// <summary>Dimensions of an embedding; 0 = none are known.</summary>
    public int Dimensions { get; private set; }

    /// <summary>Probabilities of the block's voxels of belonging to an object; null = not known.</summary>
    public float* Foreground { get; private set; }

    /// <summary>The edges that have an end in a block.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="layout">The blocks.</param>
    /// <param name="box">The block.</param>
    /// <param name="voxels">What has been read. The memory is returned, but for what is kept.</param>
    /// <param name="rule">How weights become priorities, and which edges are kept; its extents and offsets do not count.</param>
    /// <param name="largest">What attractive weights are subtracted from where the rule leaves that open; null = attractive edges alone are taken there, as weights.</param>
    /// <param name="keepsEmbeddings">Whether embeddings are kept.</param>
    /// <param name="refused">Receives the first weight whose priority is not finite.</param>
    /// <returns>The edges; null where a weight is refused.</returns>
    public static BlockValues? Of(
        HostScratch scratch, BlockLayout layout, VoxelBox box, BlockVoxels voxels, MutexGrid rule, float? largest, bool keepsEmbeddings, out RefusedWeight refused)
    {
        var around = voxels.Around;
        var areWeights = rule.AttractiveShift is null && largest is null;
        var channels = areWeights ? layout.Attractive : layout.Offsets.Count;
        var values = new BlockValues(scratch, layout, box, voxels, channels);
        var weights = voxels.Reach > 0 ? scratch.Take<float>(around.VoxelCount) : null;
        for (var c = 0; c < channels; c++)
        {
            if (!layout.Offsets[c].FitsIn(layout.Whole.Depth, layout.Whole.Height, layout.Whole.Width))
                continue;
            if (voxels.Reach > 0)
                MutexPrioritiesHost.Weights(
                    scratch, new MutexGrid(around.Depth, around.Height, around.Width, [layout.Offsets[c]], 1), voxels.ValuesAt, voxels.Channels, voxels.Reach, weights);
            var (first, step) = voxels.Reach > 0 ? ((nint)weights, 1) : ((nint)(voxels.ValuesAt + c), voxels.Channels);
            var (scale, shift) = areWeights ? (1, 0) : c < layout.Attractive ? (rule.AttractiveScale, rule.AttractiveShift ?? largest!.Value) : (1, rule.RepulsiveShift);
            var voxel = values.Take(c, (float*)first, step, scale, shift, c >= layout.Attractive ? rule : null);
            if (voxel < 0)
                continue;
            refused = new RefusedWeight(c, voxel, ((float*)first)[voxel * step]);
            return null;
        }

        scratch.Return(weights);
        if (voxels.ValuesAt != voxels.EmbeddingsAt)
            scratch.Return(voxels.ValuesAt);
        values.KeepOwn(voxels, keepsEmbeddings);
        refused = default;
        return values;
    }

    /// <summary>The largest priority; minus infinity where there is no edge.</summary>
    public float Largest()
    {
        var largest = float.NegativeInfinity;
        for (var i = 0L; i < _channels * _box.VoxelCount; i++)
            largest = Priorities[i] > largest ? Priorities[i] : largest;
        for (var e = 0; e < CrossingCount; e++)
            largest = Math.Max(largest, EdgeKey.Priority((ulong)Crossing[e].Priority << 32));
        return largest;
    }

    /// <summary>The embedding of a voxel of the block.</summary>
    public ReadOnlySpan<float> Embedding(int voxel)
    {
        var (row, x) = Math.DivRem(voxel, _box.Width);
        var (z, y) = (row / _box.Height + _box.Z - _around.Z, row % _box.Height + _box.Y - _around.Y);
        return new ReadOnlySpan<float>(Embeddings + (((long)z * _around.Height + y) * _around.Width + x + _box.X - _around.X) * Dimensions, Dimensions);
    }

    /// <summary>Returns the memory of the embeddings.</summary>
    public void ReleaseEmbeddings()
    {
        _scratch.Return(Embeddings);
        Embeddings = null;
    }

    /// <summary>The strongest edges across the faces at each voxel.</summary>
    public MutexExits Exits()
    {
        var exits = new MutexExits(_scratch, (int)_box.VoxelCount);
        _scratch.Run(_crossing, (from, until, _) =>
        {
            for (var e = from; e < until; e++)
                exits.Add(Crossing[e].Inner, Crossing[e].Priority, Crossing[e].Edge < _layout.FirstRepulsive);
        });
        return exits;
    }

    /// <summary>The voxel at which an edge across a face ends outside.</summary>
    public (int Z, int Y, int X) Outer(CrossingEdge edge)
    {
        var (channel, z, y, x) = _layout.Start(edge.Edge);
        var o = _layout.Offsets[channel];
        return _box.Contains(z, y, x) ? (z + o.Z, y + o.Y, x + o.X) : (z, y, x);
    }

    /// <summary>Returns the memory that the solver has not.</summary>
    public void Release()
    {
        _scratch.Return(Crossing);
        _scratch.Return(Mask);
    }

    // Takes the edges of a channel; returns the first voxel of the surroundings at which an edge's priority is not finite, or -1.
    private long Take(int channel, float* weights, int step, float scale, float shift, MutexGrid? strides)
    {
        var refused = new long[_scratch.Workers];
        Array.Fill(refused, long.MaxValue);
        var kept = strides is { IsSparse: true } ? strides : null;
        _scratch.Run(_around.Depth * _around.Height, (from, until, worker) =>
        {
            for (var row = from; row < until && refused[worker] == long.MaxValue; row++)
                if (Row(channel, row, weights + (long)row * _around.Width * step, step, scale, shift, kept) is >= 0 and var x)
                    refused[worker] = (long)row * _around.Width + x;
        }, 1);
        return refused.Min() is var first && first == long.MaxValue ? -1 : first;
    }

    // Cuts the mask and the foreground to the block.
    private void KeepOwn(BlockVoxels voxels, bool keepsEmbeddings)
    {
        Mask = Cut(voxels.MaskAt);
        _maskAround = null;
        Foreground = Cut(voxels.ForegroundAt);
        if (keepsEmbeddings)
            {
            Embeddings = voxels.EmbeddingsAt;
            Dimensions = voxels.Dimensions;
        }
        else
            _scratch.Return(voxels.EmbeddingsAt);
    }

    private T* Cut<T>(T* around) where T : unmanaged
    {
        if (around == null)
            return null;
        var own = _scratch.Take<T>(_box.VoxelCount);
        for (var row = 0; row < _box.Depth * _box.Height; row++)
        {
            var (z, y) = (row / _box.Height + _box.Z - _around.Z, row % _box.Height + _box.Y - _around.Y);
            new Span<T>(around + ((long)z * _around.Height + y) * _around.Width + _box.X - _around.X, _box.Width).CopyTo(new Span<T>(own + (long)row * _box.Width, _box.Width));
        }

        _scratch.Return(around);
        return own;
    }

    private int Row(int channel, int row, float* weights, int step, float scale, float shift, MutexGrid? strides)
    {
        var o = _layout.Offsets[channel];
        var (z, y) = (_around.Z + row / _around.Height, _around.Y + row % _around.Height);
        if (!_around.Contains(z + o.Z, y + o.Y, _around.X))
            return -1;
        var (startsHere, endsHere) = (_box.Contains(z, y, _box.X), _box.Contains(z + o.Z, y + o.Y, _box.X));
        if (!startsHere && !endsHere)
            return -1;
        var end = ((long)o.Z * _around.Height + o.Y) * _around.Width + o.X;
        var target = Priorities + channel * _box.VoxelCount + Local(z, y, 0);
        var mask = _maskAround == null ? null : _maskAround + (long)row * _around.Width;
        for (var i = Math.Max(0, -o.X); i < _around.Width - Math.Max(0, o.X); i++)
        {
            var x = _around.X + i;
            var starts = startsHere && (uint)(x - _box.X) < (uint)_box.Width;
            var ends = endsHere && (uint)(x + o.X - _box.X) < (uint)_box.Width;
            if ((!starts && !ends) || (mask != null && (mask[i] == 0 || mask[i + end] == 0)))
                continue;
            if (strides is not null && !strides.IsKept(_layout.Edge(channel, z, y, x), z, y, x))
                continue;
            var priority = scale * weights[(long)i * step] + shift;
            if (!float.IsFinite(priority))
                return i;
            if (starts && ends)
                target[x] = priority;
            else
                Crossing[Interlocked.Increment(ref _crossing) - 1] = new CrossingEdge
                {
                    Edge = _layout.Edge(channel, z, y, x),
                    Priority = (uint)(EdgeKey.Of(priority, 0) >> 32),
                    Inner = (int)(starts ? Local(z, y, x) : Local(z + o.Z, y + o.Y, x + o.X)),
                };
        }

        return -1;
    }

    private long Local(int z, int y, int x) => ((long)(z - _box.Z) * _box.Height + y - _box.Y) * _box.Width + x - _box.X;
}

/// <summary>A weight that gives no finite priority.</summary>
/// <param name="Channel">Its channel.</param>
/// <param name="Voxel">The voxel of the block's surroundings at which its edge starts.</param>
/// <param name="Weight">The weight.</param>
internal readonly record struct RefusedWeight(int Channel, long Voxel, float Weight);
