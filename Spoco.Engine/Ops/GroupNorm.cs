using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Group normalisation (Wu and He 2018, arXiv:1803.08494).</summary>
public static class GroupNorm
{
    /// <summary>
    /// y = (x - mean) / sqrt(variance + eps) gamma + beta, with mean and biased variance over the voxels and the C / groups channels of a group of
    /// an image.
    /// </summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="gamma">Scale, [1, 1, 1, 1, C].</param>
    /// <param name="beta">Offset, [1, 1, 1, 1, C].</param>
    /// <param name="groups">Groups of channels; divides C.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>y, the shape of <paramref name="x"/>. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">The groups do not divide C, or gamma or beta have another length.</exception>
    public static Tensor Apply(Tensor x, Tensor gamma, Tensor beta, int groups, float eps = 1e-5f)
    {
        ArgumentNullException.ThrowIfNull(x);
        var shape = GroupNormShape.Of(x.Shape, groups);
        RequireVector(nameof(GroupNorm), x, gamma, nameof(gamma));
        RequireVector(nameof(GroupNorm), x, beta, nameof(beta));
        var y = Tensor.Empty(x.Device, x.Shape, nameof(GroupNorm));
        var mean = Tensor.Empty(x.Device, TensorShape.Vector(shape.Statistics), nameof(GroupNorm));
        var rstd = Tensor.Empty(x.Device, TensorShape.Vector(shape.Statistics), nameof(GroupNorm));
        Primitives.GroupNorm.Statistics(shape, eps, x.Buffer, mean.Buffer, rstd.Buffer);
        Primitives.GroupNorm.Normalize(shape, x.Buffer, gamma.Buffer, beta.Buffer, mean.Buffer, rstd.Buffer, y.Buffer);
        return Gradients.Needed(x, gamma, beta)
            ? Gradients.Record(y, new Node(nameof(GroupNorm), shape, x, gamma, beta, mean, rstd, constantStatistics: false))
            : y;
    }

    internal static void RequireVector(string operation, Tensor x, Tensor vector, string name)
    {
        ArgumentNullException.ThrowIfNull(vector, name);
        if (vector.Shape != TensorShape.Vector(x.Shape.C))
            throw new ArgumentException($"{operation}: {name} must have one value per channel, {TensorShape.Vector(x.Shape.C)}, "
                + $"got {vector.Shape} (input {x.Shape}).");
    }

    /// <summary>Also the node of <see cref="BatchNorm"/>.</summary>
    internal sealed class Node : GradientNode
    {
        private readonly string _operation;
        private readonly GroupNormShape _shape;
        private readonly Tensor _x;
        private readonly Tensor _gamma;
        private readonly Tensor _mean;
        private readonly Tensor _rstd;
        private readonly bool _constantStatistics;

        public Node(
            string operation, GroupNormShape shape, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor rstd, bool constantStatistics)
            : base(x, gamma, beta)
        {
            _operation = operation;
            _shape = shape;
            _x = Save(x);
            _gamma = Save(gamma);
            _mean = Save(mean);
            _rstd = Save(rstd);
            _constantStatistics = constantStatistics;
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Gradients.Needed(gradient, _x, _gamma))
                throw new NotSupportedException($"{_operation}: the gradient of a gradient is not available.");
            for (var i = 0; i < inputGradients.Length; i++)
            {
                if (Needs(i))
                    inputGradients[i] = Tensor.Empty(_x.Device, Inputs[i]!.Shape, _operation);
            }

            Primitives.GroupNorm.Backward(_shape, gradient.Buffer, _x.Buffer, _gamma.Buffer, _mean.Buffer, _rstd.Buffer,
                inputGradients[0]?.Buffer ?? default, inputGradients[1]?.Buffer ?? default, inputGradients[2]?.Buffer ?? default,
                _constantStatistics);
        }
    }
}
