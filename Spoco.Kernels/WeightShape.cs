namespace Spoco.Kernels;

/// <summary>Extents of a convolution's weight [D, H, W, Inputs, Outputs], outputs fastest in memory. Blittable: kernels take it as it is.</summary>
/// <param name="D">Slices of the window; 1 in 2D.</param>
/// <param name="H">Rows of the window.</param>
/// <param name="W">Columns of the window.</param>
/// <param name="Inputs">Input channels.</param>
/// <param name="Outputs">Output channels.</param>
public readonly record struct WeightShape(int D, int H, int W, int Inputs, int Outputs)
{
    /// <summary>Values in all: D H W Inputs Outputs.</summary>
    public long Count => (long)D * H * W * Inputs * Outputs;

    /// <summary>Positions of the window: D H W.</summary>
    public int Taps => D * H * W;

    /// <summary>Whether every extent is at least 1.</summary>
    public bool IsValid => D > 0 && H > 0 && W > 0 && Inputs > 0 && Outputs > 0;

    /// <summary>The weight that lies in a tensor.</summary>
    public static WeightShape Of(TensorShape tensor) => new(tensor.N, tensor.D, tensor.H, tensor.W, tensor.C);

    /// <summary>How it lies in a tensor, whose five extents are those of the weight in their order.</summary>
    public static implicit operator TensorShape(WeightShape weight) => new(weight.D, weight.H, weight.W, weight.Inputs, weight.Outputs);

    /// <summary>The extents as text, <c>[3,3,3,16,32]</c>.</summary>
    public override string ToString() => $"[{D},{H},{W},{Inputs},{Outputs}]";
}
