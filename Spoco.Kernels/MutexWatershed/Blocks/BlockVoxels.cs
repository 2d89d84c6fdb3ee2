namespace Spoco.Kernels.Primitives;

/// <summary>Memory for what is read of a block and its surroundings, whose contents are undefined until they are read.</summary>
internal sealed unsafe class BlockVoxels
{
    private readonly HostScratch _scratch;
    private readonly int _count;

    /// <summary>Takes the memory.</summary>
    /// <param name="scratch">Memory and workers.</param>
    /// <param name="around">The block and its surroundings.</param>
    /// <param name="channels">Values per voxel.</param>
    /// <param name="reach">2 delta_d where the values are embeddings; 0 where they are weights or priorities of edges.</param>
    /// <param name="beside">Dimensions of the embeddings that are read beside weights; 0 = none.</param>
    /// <param name="hasForeground">Whether the probability of belonging to an object is read.</param>
    public BlockVoxels(HostScratch scratch, VoxelBox around, int channels, float reach, int beside, bool hasForeground)
    {
        (_scratch, _count, Around, Channels, Reach) = (scratch, checked((int)around.VoxelCount), around, channels, reach);
        ValuesAt = scratch.Take<float>(around.VoxelCount * channels);
        Dimensions = reach > 0 ? channels : beside;
        EmbeddingsAt = reach > 0 ? ValuesAt : beside > 0 ? scratch.Take<float>(around.VoxelCount * beside) : null;
        ForegroundAt = hasForeground ? scratch.Take<float>(around.VoxelCount) : null;
    }

    /// <summary>The block and its surroundings.</summary>
    public VoxelBox Around { get; }

    /// <summary>Values per voxel.</summary>
    public int Channels { get; }

    /// <summary>Dimensions of an embedding; 0 = none are read.</summary>
    public int Dimensions { get; }

    /// <summary>2 delta_d where the values are embeddings; 0 where they are weights or priorities of edges.</summary>
    public float Reach { get; }

    /// <summary>The values, [D, H, W, C].</summary>
    public Span<float> Values => new(ValuesAt, checked(_count * Channels));

    /// <summary>Embeddings, [D, H, W, E], which may be the values; empty = none are read.</summary>
    public Span<float> Embeddings => new(EmbeddingsAt, checked(_count * Dimensions));

    /// <summary>The same where they are not the values; else empty.</summary>
    public Span<float> Beside => Reach > 0 ? [] : Embeddings;

    /// <summary>Probabilities of belonging to an object; empty = not read.</summary>
    public Span<float> Foreground => ForegroundAt == null ? [] : new Span<float>(ForegroundAt, _count);

    /// <summary>Voxels that are 0 here do not count; empty = all do.</summary>
    public Span<byte> Mask => MaskAt == null ? [] : new Span<byte>(MaskAt, _count);

    /// <summary>Where <see cref="Values"/> are.</summary>
    public float* ValuesAt { get; }

    /// <summary>Where <see cref="Embeddings"/> are; null = nowhere.</summary>
    public float* EmbeddingsAt { get; }

    /// <summary>Where <see cref="Foreground"/> is; null = nowhere.</summary>
    public float* ForegroundAt { get; }

    /// <summary>Where <see cref="Mask"/> is; null = nowhere.</summary>
    public byte* MaskAt { get; private set; }

    /// <summary>Takes memory for a mask.</summary>
    public void TakeMask() => MaskAt = _scratch.Take<byte>(_count);

    /// <summary>Runs work over all voxels: the first, and one past the last.</summary>
    public void Run(Action<int, int> work) => _scratch.Run(_count, (from, until, _) => work(from, until));

    /// <summary>The index of the first value that is not finite, or -1.</summary>
    public long FirstNonFinite() => MutexPrioritiesHost.FirstNonFinite(_scratch, ValuesAt, (long)_count * Channels);
}
