using Spoco.Kernels;

namespace Spoco.Engine.Data;

/// <summary>Two augmented views of the same patches and their labels, in host memory; made once and filled again for every step.</summary>
public sealed class TrainingBatch
{
    /// <summary>Takes memory for a batch.</summary>
    /// <param name="shape">[N, D, H, W, image channels].</param>
    public TrainingBatch(TensorShape shape)
    {
        if (!shape.IsValid)
            throw new ArgumentException($"TrainingBatch: every extent must be at least 1, got {shape}.");
        Shape = shape;
        ViewF = new float[shape.Count];
        ViewG = new float[shape.Count];
        Labels = new int[shape.Voxels];
    }

    /// <summary>[N, D, H, W, image channels].</summary>
    public TensorShape Shape { get; }

    /// <summary>What f sees: images [N, D, H, W, C], augmented.</summary>
    public float[] ViewF { get; }

    /// <summary>What g sees: the same geometry, other intensities.</summary>
    public float[] ViewG { get; }

    /// <summary>[N, D, H, W]; 0 = unlabelled (sparse) or background (full).</summary>
    public int[] Labels { get; }

    /// <summary>The iteration that the content was made for.</summary>
    public long Iteration { get; set; } = -1;
}
