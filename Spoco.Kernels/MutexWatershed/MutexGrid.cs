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
        [.. Offsets.Select(o => Fits(o, Depth, Height, Width) ? (o.Z * Height + o.Y) * Width + o.X : 0)];

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
        return Fits(o, Depth, Height, Width) && (uint)(z + o.Z) < (uint)Depth && (uint)(y + o.Y) < (uint)Height;
    }

    /// <summary>Whether a repulsive edge is kept.</summary>
    public bool IsKept(ulong edge, int z, int y, int x) => RandomStrides
        ? Mix(edge ^ Mix(Seed)) % ((ulong)Strides.Z * (ulong)Strides.Y * (ulong)Strides.X) == 0
        : z % Strides.Z == 0 && y % Strides.Y == 0 && x % Strides.X == 0;

    /// <summary>SplitMix64.</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15ul;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ul;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBul;
        return value ^ (value >> 31);
    }

    private static bool Fits(PixelOffset o, int depth, int height, int width) =>
        Math.Abs((long)o.Z) < depth && Math.Abs((long)o.Y) < height && Math.Abs((long)o.X) < width;
}
