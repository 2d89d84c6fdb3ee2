using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>Bright discs with a pixel's noise on dark ground; the same for an iteration whenever it is asked for.</summary>
internal static class DiscImages
{
    public static TrainingBatch Batch(TensorShape shape, long iteration, int objects = 3)
    {
        var random = RandomSource.ForIndex(1, iteration, 0);
        var batch = new TrainingBatch(shape);
        for (var n = 0; n < shape.N; n++)
        {
            for (var label = 1; label <= objects; label++)
            {
                var (cy, cx) = (random.NextDouble(3, shape.H - 3), random.NextDouble(3, shape.W - 3));
                for (var i = 0; i < shape.VoxelsPerImage; i++)
                {
                    var (y, x) = (i / shape.W % shape.H, i % shape.W);
                    if (Math.Pow(y - cy, 2) + Math.Pow(x - cx, 2) < 9)
                        batch.Labels[n * shape.VoxelsPerImage + i] = label;
                }
            }
        }

        for (var i = 0; i < batch.Labels.Length; i++)
        {
            batch.ViewF[i] = (float)((batch.Labels[i] > 0 ? 1 : -1) + 0.2 * random.NextGaussian());
            batch.ViewG[i] = (float)((batch.Labels[i] > 0 ? 1 : -1) + 0.2 * random.NextGaussian());
        }

        return batch;
    }
}
