using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167).</summary>
public static class BatchNorm
{
    /// <summary>
    /// y = (x - mean) / sqrt(variance + eps) gamma + beta per channel. In training, mean and biased variance are those of the batch, and the running
    /// averages move towards them (r = (1 - momentum) r + momentum s, with the unbiased variance); in evaluation they are the running averages.
    /// </summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="gamma">Scale, [1, 1, 1, 1, C].</param>
    /// <param name="beta">Offset, [1, 1, 1, 1, C].</param>
    /// <param name="runningMean">[1, 1, 1, 1, C]; updated in training.</param>
    /// <param name="runningVariance">[1, 1, 1, 1, C]; updated in training.</param>
    /// <param name="training">Whether to use the statistics of the batch.</param>
    /// <param name="momentum">Weight of the batch in the running averages.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>y, the shape of <paramref name="x"/>. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">A vector has another length than C, or the batch has one value per channel in training.</exception>
    public static Tensor Apply(
        Tensor x, Tensor gamma, Tensor beta, Tensor runningMean, Tensor runningVariance, bool training, float momentum = 0.1f, float eps = 1e-5f)
    {
        ArgumentNullException.ThrowIfNull(x);
        var shape = GroupNormShape.OfBatch(x.Shape);
        GroupNorm.RequireVector(nameof(BatchNorm), x, gamma, nameof(gamma));
        GroupNorm.RequireVector(nameof(BatchNorm), x, beta, nameof(beta));
        GroupNorm.RequireVector(nameof(BatchNorm), x, runningMean, nameof(runningMean));
        GroupNorm.RequireVector(nameof(BatchNorm), x, runningVariance, nameof(runningVariance));
        if (training)
            RequireSeveral(x.Shape);

        var y = Tensor.Empty(x.Device, x.Shape, nameof(BatchNorm));
        var rstd = Tensor.Empty(x.Device, gamma.Shape, nameof(BatchNorm));
        var mean = Tensor.Empty(x.Device, gamma.Shape, nameof(BatchNorm));
        if (training)
        {
            Primitives.GroupNorm.Statistics(shape, eps, x.Buffer, mean.Buffer, rstd.Buffer,
                new RunningStatistics(runningMean.Buffer, runningVariance.Buffer, momentum));
        }
        else
        {
            // A copy: the running mean may move on before the gradient is computed.
            runningMean.Buffer.CopyTo(mean.Buffer);
            Primitives.BatchNorm.ReciprocalDeviation(runningVariance.Buffer, eps, rstd.Buffer);
        }

        Primitives.GroupNorm.Normalize(shape, x.Buffer, gamma.Buffer, beta.Buffer, mean.Buffer, rstd.Buffer, y.Buffer);
        return Gradients.Needed(x, gamma, beta)
            ? Gradients.Record(y, new GroupNorm.Node(nameof(BatchNorm), shape, x, gamma, beta, mean, rstd, constantStatistics: !training))
            : y;
    }

    /// <summary>Checks that a batch has a variance.</summary>
    internal static void RequireSeveral(TensorShape x)
    {
        if (x.Voxels == 1)
            throw new ArgumentException($"BatchNorm: training needs more than one value per channel (input {x}).");
    }
}
