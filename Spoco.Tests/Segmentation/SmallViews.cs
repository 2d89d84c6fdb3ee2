using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Tests.Segmentation;

/// <summary>A small model, and images on which its views differ.</summary>
internal static class SmallViews
{
    public static SpocoModel Model(ComputeDevice device, int dimensions, bool foreground = false)
    {
        var model = new SpocoModel(device, new SpocoModelOptions
        {
            Network = new UNetOptions { Dimensions = dimensions, FeatureMaps = [8, 16] }, EmbeddingDimensions = 4, PushMargin = 0.02, Foreground = foreground,
        }, trained: false);
        model.Initialise(1);
        return model;
    }

    /// <summary>Blocks of different brightness, with noise.</summary>
    public static Volume<float> Image(int depth, int height, int width, (int Z, int Y, int X) block)
    {
        var image = new Volume<float>(GradientCheck.RandomValues(new Random(2), (long)depth * height * width), depth, height, width);
        for (var i = 0; i < image.Data.Length; i++)
            image.Data[i] = 0.05f * image.Data[i] + (i / width % height / block.Y * 7 + i % width / block.X * 5 + i / width / height / block.Z * 3) % 11 - 5;
        return image;
    }
}
