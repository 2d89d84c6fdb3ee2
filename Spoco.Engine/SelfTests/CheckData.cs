using Spoco.Engine.Data;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Engine.SelfTests;

/// <summary>Data of the checks; the same arguments, the same values, on every machine.</summary>
internal static class CheckData
{
    /// <summary>Values in (-1, 1), none nearer to 0 than <paramref name="margin"/>: a device that rounds otherwise stays on the same side of a kink.</summary>
    public static float[] Values(TensorShape shape, int stream, float margin = 0.01f)
    {
        var random = RandomSource.ForIndex(shape.Count, shape.C, stream);
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var value = (float)random.NextDouble(-1, 1);
            values[i] = value + (value < 0 ? -margin : margin);
        }

        return values;
    }

    /// <summary>Round objects with labels from 1 on; 0 around them. [N, D, H, W].</summary>
    public static int[] Objects(TensorShape shape, int count, int stream = 0)
    {
        var random = RandomSource.ForIndex(shape.Voxels, count, stream);
        var labels = new int[shape.Voxels];
        var radius = Math.Max(1.5, 0.6 * Math.Sqrt((double)shape.H * shape.W / count) / 2);
        for (var n = 0; n < shape.N; n++)
        {
            for (var label = 1; label <= count; label++)
            {
                var (z, y, x) = (random.NextInt(shape.D), random.NextInt(shape.H), random.NextInt(shape.W));
                for (var i = 0; i < shape.VoxelsPerImage; i++)
                {
                    var (dz, dy, dx) = (i / shape.W / shape.H - z, i / shape.W % shape.H - y, i % shape.W - x);
                    if (dz * dz + dy * dy + dx * dx <= radius * radius)
                        labels[n * shape.VoxelsPerImage + i] = label;
                }
            }
        }

        return labels;
    }

    /// <summary>Embeddings around a centre per label, some within the margins and some outside. [N, D, H, W, C].</summary>
    public static float[] Embeddings(TensorShape shape, int[] labels, int stream, float noise = 0.7f)
    {
        var random = RandomSource.ForIndex(shape.Count, 7, stream);
        var centres = new float[(labels.Max() + 2) * shape.C];
        for (var i = 0; i < centres.Length; i++)
            centres[i] = (float)RandomSource.ForIndex(shape.C, 8, i).NextDouble(-2, 2);
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = centres[(labels[i / shape.C] + 1) * shape.C + i % shape.C] + (float)(noise / Math.Sqrt(shape.C) * random.NextGaussian());
        return values;
    }

    /// <summary>An image of bright objects with noise, for both views; the same for an iteration.</summary>
    public static void Fill(TrainingBatch batch, int objects, long iteration)
    {
        Objects(batch.Shape, objects, (int)iteration).CopyTo(batch.Labels, 0);
        var random = RandomSource.ForIndex(9, iteration, 0);
        for (var i = 0; i < batch.ViewF.Length; i++)
        {
            var value = batch.Labels[i / batch.Shape.C] > 0 ? 1 : -1;
            batch.ViewF[i] = (float)(value + 0.3 * random.NextGaussian());
            batch.ViewG[i] = (float)(value + 0.3 * random.NextGaussian());
        }
    }
}
