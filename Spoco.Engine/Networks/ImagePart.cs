using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>What a network that is applied to a part of an image knows of the whole; the default is a whole image.</summary>
/// <param name="Whole">Extents of the whole on this level; the part is computed as the whole would be. Without voxels = the part is the whole.</param>
/// <param name="Own">What of the part counts for statistics, in its own coordinates: the own boxes of all parts fill the whole without overlapping.</param>
/// <param name="Statistics">Of the group norms; null = each takes its own from what it is applied to.</param>
internal readonly record struct ImagePart(TensorShape Whole, VoxelBox Own, GroupStatistics? Statistics)
{
    /// <summary>The same one level below. What lies beyond the last whole window is left out, as pooling does.</summary>
    public ImagePart Pooled((int D, int H, int W) window) => this with
    {
        Whole = Whole with { D = Whole.D / window.D, H = Whole.H / window.H, W = Whole.W / window.W },
        Own = new VoxelBox(
            Own.Z / window.D, Own.Y / window.H, Own.X / window.W, Extent(Own.Z, Own.Depth, window.D), Extent(Own.Y, Own.Height, window.H),
            Extent(Own.X, Own.Width, window.W)),
    };

    private static int Extent(int start, int extent, int window) => (start + extent) / window - start / window;
}
