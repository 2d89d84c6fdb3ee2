using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Kernels;

namespace Spoco.Tests.CommandLine;

/// <summary>The program of the README, between its own lines; <see cref="ReadmeProgramTests"/> compares the two and runs it.</summary>
internal static class ReadmeProgram
{
    public static Volume<int> Run(string checkpoint, float[] pixels, int depth, int height, int width, CancellationToken token)
    {
        Directory.SetCurrentDirectory(checkpoint);

        // The README's program begins.
        using var device = ComputeDevice.Open("auto");
        using var model = Checkpoint.Load("model/best.safetensors", device);

        var image = new Volume<float>(pixels, depth, height, width);
        Volume<int> labels = model.Segment(image, cancellation: token);
        // It ends.
        return labels;
    }
}
