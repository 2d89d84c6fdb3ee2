namespace Spoco.Kernels;

/// <summary>
/// Five extents, the last one fastest in memory. Images and volumes are [N, D, H, W, C] (2D has D = 1), vectors
/// [1, 1, 1, 1, C]; weights of convolutions have a <see cref="WeightShape"/>. Blittable: kernels take it as it is.
/// </summary>
/// <param name="N">Images of the batch.</param>
/// <param name="D">Slices; 1 in 2D.</param>
/// <param name="H">Rows.</param>
/// <param name="W">Columns.</param>
/// <param name="C">Channels, fastest.</param>
public readonly record struct TensorShape(int N, int D, int H, int W, int C)
{
    /// <summary>A vector: [1, 1, 1, 1, C].</summary>
    public static TensorShape Vector(int length) => new(1, 1, 1, 1, length);

    /// <summary>The shape of one value, [1, 1, 1, 1, 1].</summary>
    public static TensorShape Scalar => new(1, 1, 1, 1, 1);

    /// <summary>All elements: N D H W C.</summary>
    public long Count => (long)N * D * H * W * C;

    /// <summary>Voxels of the whole batch: N D H W.</summary>
    public long Voxels => (long)N * D * H * W;

    /// <summary>Voxels of one image: D H W.</summary>
    public long VoxelsPerImage => (long)D * H * W;

    /// <summary>Whether every extent is at least 1.</summary>
    public bool IsValid => N > 0 && D > 0 && H > 0 && W > 0 && C > 0;

    /// <summary>The same voxels with another number of channels.</summary>
    public TensorShape WithChannels(int channels) => this with { C = channels };

    /// <summary>The extents as text, <c>[2,1,64,64,3]</c>.</summary>
    public override string ToString() => $"[{N},{D},{H},{W},{C}]";
}
