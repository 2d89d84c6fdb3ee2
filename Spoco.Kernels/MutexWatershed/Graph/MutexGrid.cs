namespace Spoco.Kernels.Primitives;

/// <summary>
/// The edges (i, i + offset) of an image, and how weights become priorities: scale * w + shift. Edge id = channel * voxels + i.
/// Validated by the caller.
/// </summary>
internal sealed record MutexGrid(int Depth, int Height, int Width, PixelOffset[] Offsets, int Attractive)
{
    /// <summary>Voxels of the image.</summary>
    public int Voxels => Depth * Height * Width;

    /// <summary>Difference of the flat indices of an edge's ends, per channel; 0 where the offset does not fit the image.</summary>
    public int[] Linear { get; } =
        [.. Offsets.Select(o => o.FitsIn(Depth, Height, Width) ? (int)o.Linear(Height, Width) : 0)];

    /// <summary>Factor of the attractive weights.</summary>
    public float AttractiveScale { get; init; } = 1;

    /// <summary>Added to the scaled attractive weights; null = the largest attractive weight.</summary>
    public float? AttractiveShift { get; init; } = 0;

    /// <summary>Added to the repulsive weights.</summary>
    public float RepulsiveShift { get; init; }

    /// <summary>Repulsive edges start at voxels whose coordinates are multiples of these.</summary>
    public PixelOffset Strides { get; init; } = new(1, 1, 1);

    /// <summary>Keep a pseudo-random repulsive edge out of every Strides.Z * Strides.Y * Strides.X instead.</summary>
    public bool RandomStrides { get; init; }

    /// <summary>Draws the random edges.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether repulsive edges are left out.</summary>
    public bool IsSparse => Strides != new PixelOffset(1, 1, 1);

    /// <summary>Whether an edge of this channel starts in this row of this slice, and in which columns [From, To).</summary>
    public bool Columns(int channel, int z, int y, out int from, out int to)
    {
        var o = Offsets[channel];
        (from, to) = (Math.Max(0, -o.X), Width - Math.Max(0, o.X));
        return o.FitsIn(Depth, Height, Width) && (uint)(z + o.Z) < (uint)Depth && (uint)(y + o.Y) < (uint)Height;
    }

    /// <summary>Whether a repulsive edge is kept.</summary>
    public bool IsKept(ulong edge, int z, int y, int x) => RandomStrides
        ? IsDrawn(edge, Strides.Z, Strides.Y, Strides.X, Seed) : IsOnLattice(z, y, x, Strides.Z, Strides.Y, Strides.X);

    /// <summary>Whether an edge starts on the lattice of the strides. (Kernels ask, too.)</summary>
    public static bool IsOnLattice(int z, int y, int x, int strideZ, int strideY, int strideX) =>
        z % strideZ == 0 && y % strideY == 0 && x % strideX == 0;

    /// <summary>Whether an edge is the one that is drawn of as many as a cell of the lattice has. (Kernels ask, too.)</summary>
    public static bool IsDrawn(ulong edge, int strideZ, int strideY, int strideX, ulong seed) =>
        Mix(edge ^ Mix(seed)) % ((ulong)strideZ * (ulong)strideY * (ulong)strideX) == 0;

    /// <summary>SplitMix64.</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15ul;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ul;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBul;
        return value ^ (value >> 31);
    }
}
