using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>What the weight of an attractive edge is subtracted from to give its priority.</summary>
public enum AttractiveReference
{
    /// <summary>priority = 1 - w.</summary>
    One,

    /// <summary>priority = max(w over the attractive edges) - w, as elf's <c>segment_embeddings_mws</c> does it.</summary>
    Max,
}

/// <summary>
/// The grid graph of the <see cref="MutexWatershed"/> and how weights become priorities. The defaults are SPOCO's: offsets 1 (attractive), 3, 9
/// and 27 (repulsive) along every axis, delta_d = 2.
/// </summary>
public sealed record MutexWatershedOptions
{
    /// <summary>
    /// Edges per voxel: (i, i + offset). Null takes <see cref="SpocoOffsets"/> for the image's dimension. The order is the order among equal
    /// priorities. An offset larger than the image gives no edge.
    /// </summary>
    public IReadOnlyList<VoxelOffset>? Offsets { get; init; }

    /// <summary>How many of the first offsets are attractive. Null: the leading offsets that reach a direct neighbour along one axis.</summary>
    public int? AttractiveOffsets { get; init; }

    /// <summary>delta_d of the push loss: embeddings 2 delta_d apart have w = 1. Used where embeddings are given.</summary>
    public float PushMargin { get; init; } = 2;

    /// <summary>How the weight of an attractive edge becomes a priority.</summary>
    public AttractiveReference AttractiveReference { get; init; } = AttractiveReference.One;

    /// <summary>Added to the weight of every repulsive edge: above 0 gives more segments, below 0 fewer.</summary>
    public float RepulsiveBias { get; init; }

    /// <summary>Repulsive edges start only at voxels whose coordinates are multiples of these steps (z, y, x).</summary>
    public (int Z, int Y, int X) Strides { get; init; } = (1, 1, 1);

    /// <summary>
    /// Instead of the lattice of <see cref="Strides"/> keep a pseudo-random repulsive edge out of every z * y * x, drawn from <see cref="Seed"/>.
    /// </summary>
    public bool RandomStrides { get; init; }

    /// <summary>Seed of <see cref="RandomStrides"/>. The same seed keeps the same edges.</summary>
    public ulong Seed { get; init; }

    /// <summary>The offsets of the SPOCO paper: -1, -3, -9, -27 along every axis; 12 in a volume, 8 in an image (depth 1).</summary>
    public static IReadOnlyList<VoxelOffset> SpocoOffsets(bool volumetric)
    {
        var offsets = new List<VoxelOffset>();
        foreach (var radius in (ReadOnlySpan<int>)[1, 3, 9, 27])
        {
            if (volumetric)
                offsets.Add(new VoxelOffset(-radius, 0, 0));
            offsets.Add(new VoxelOffset(0, -radius, 0));
            offsets.Add(new VoxelOffset(0, 0, -radius));
        }
        return offsets;
    }

    /// <summary>The edges of an image, and how values become priorities, as the solver takes them.</summary>
    /// <param name="depth">Slices.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="offsets">What <see cref="Resolve"/> says.</param>
    /// <param name="attractive">How many of them are attractive.</param>
    /// <param name="isPriority">Whether the values are priorities already.</param>
    internal MutexGrid ToGrid(int depth, int height, int width, IReadOnlyList<VoxelOffset> offsets, int attractive, bool isPriority) =>
        new(depth, height, width, [.. offsets.Select(o => o.ToPixels())], attractive)
        {
            AttractiveScale = isPriority ? 1 : -1,
            AttractiveShift = isPriority ? 0 : AttractiveReference == AttractiveReference.Max ? null : 1,
            RepulsiveShift = isPriority ? 0 : RepulsiveBias,
            Strides = new PixelOffset(Strides.Z, Strides.Y, Strides.X),
            RandomStrides = RandomStrides,
            Seed = Seed,
        };

    /// <summary>The offsets for a volume of this depth and the number of attractive ones.</summary>
    /// <exception cref="ArgumentException">An offset is zero, a count, stride, bias or margin is out of range.</exception>
    public (IReadOnlyList<VoxelOffset> Offsets, int Attractive) Resolve(int depth)
    {
        var offsets = Offsets ?? SpocoOffsets(depth > 1);
        for (var c = 0; c < offsets.Count; c++)
            if (offsets[c] == default)
                throw new ArgumentException($"MutexWatershed: offset {c} is zero; an edge needs two different voxels.");
        var attractive = AttractiveOffsets ?? offsets.TakeWhile(o => Math.Abs((long)o.Z) + Math.Abs((long)o.Y) + Math.Abs((long)o.X) == 1).Count();
        if (attractive < 0 || attractive > offsets.Count)
            throw new ArgumentException(
                $"MutexWatershed: attractive offsets must be 0 to {offsets.Count} (the number of offsets), got {attractive}.");
        if (Strides.Z < 1 || Strides.Y < 1 || Strides.X < 1)
            throw new ArgumentException($"MutexWatershed: strides must be at least 1, got {Strides}.");
        if (!float.IsFinite(RepulsiveBias))
            throw new ArgumentException($"MutexWatershed: the repulsive bias must be finite, got {RepulsiveBias}.");
        if (!(PushMargin > 0) || !float.IsFinite(PushMargin))
            throw new ArgumentException($"MutexWatershed: the push margin must be positive and finite, got {PushMargin}.");
        return (offsets, attractive);
    }
}
