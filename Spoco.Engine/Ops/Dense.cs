using Spoco.Kernels;

namespace Spoco.Engine.Ops;

/// <summary>A fully connected layer: the 1x1 convolution of images that are one voxel each.</summary>
public static class Dense
{
    /// <summary>y[n,m] = f(bias[m] + sum over k of x[n,k] weight[k,m]).</summary>
    /// <param name="x">Any shape; each of its N images is read as K = D H W C values, C fastest.</param>
    /// <param name="weight">[1,1,1,K,M].</param>
    /// <param name="bias">M values, or null.</param>
    /// <param name="activation">The activation function f; default = none.</param>
    /// <returns>[N,1,1,1,M].</returns>
    /// <exception cref="ArgumentException">Shapes or devices do not fit each other.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias = null, ActivationFunction activation = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        var values = x.Shape.VoxelsPerImage * x.Shape.C;
        if (weight.Shape != new TensorShape(1, 1, 1, weight.Shape.W, weight.Shape.C) || values != weight.Shape.W)
            throw new ArgumentException($"Dense: an input {x.Shape} has {values} values per image; "
                + $"the weight must be [1,1,1,{values},M], got {weight.Shape}.");
        return Convolution.Apply(Reshape.Apply(x, new TensorShape(x.Shape.N, 1, 1, 1, (int)values)), weight, bias, (0, 0, 0), activation);
    }
}
