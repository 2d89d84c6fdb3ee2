using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Cli.Segmentation;

/// <summary>
/// <c>spoco segment --affinities</c>: the Mutex Watershed on edge weights of anyone's, without a model. The weights are an HDF5 dataset
/// <c>affinities</c>, [C,(Z,)Y,X], a channel per offset: 0 = attractive, 1 = repulsive, at the voxel where the edge begins; see <see
/// cref="AffinityFile"/>.
/// </summary>
internal static class AffinitySegmentation
{
    /// <summary>Segments files one by one.</summary>
    /// <param name="files">HDF5 files.</param>
    /// <param name="output">Folder, or a file for a single input.</param>
    /// <param name="options">Offsets; the defaults of SPOCO where null.</param>
    /// <param name="sizeFloor">Segments with fewer voxels are removed.</param>
    /// <param name="removeLargest">Drop the largest segment.</param>
    /// <param name="mask">The foreground of a file of given extents, or null.</param>
    /// <param name="labelName">Dataset of the labels in HDF5 results.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellation">Stops between files.</param>
    /// <exception cref="InputException">A file is damaged, or its channels do not fit the offsets.</exception>
    public static void Run(
        IReadOnlyList<string> files, string output, MutexWatershedOptions options, int sizeFloor, bool removeLargest,
        Func<string, Volume<float>, Volume<byte>?> mask, string labelName, ComputeDevice device, CancellationToken cancellation) =>
        ProgressDisplay.Run("segmenting", 0, files.Count, display =>
        {
            for (var i = 0; i < files.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var weights = Read(files[i], options.Offsets, display, cancellation);
                var labels = Segment(files[i], weights, options, mask(files[i], weights), device, cancellation);
                labels = SizeFloor.Remove(removeLargest ? RemoveLargest.Apply(labels) : labels, sizeFloor);
                var path = InputSelection.LabelPath(output, files[i], files.Count);
                OutputPlan.MakeFolder(path);
                var written = OutputFile.WriteLabels(
                    path, Relabel.Compact(labels).Labels, files[i], labelName);
                display.Report(i + 1, () => $"{InputSelection.Name(written)}: {labels.Data.Distinct().Count(l => l != 0)} segments");
            }

            return files.Count;
        });

    /// <summary>Offsets like <c>0,-1;-1,0;0,-9</c>: (z,)y,x of each channel, separated by semicolons.</summary>
    /// <exception cref="InputException">The text is none.</exception>
    public static IReadOnlyList<VoxelOffset> ParseOffsets(string text) => [.. text.Split(';').Select(part =>
    {
        var steps = part.Split(',').Select(s => int.TryParse(
                s, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var step)
            ? step
            : throw new InputException($"--offsets: expected whole numbers like 0,-1;-1,0, got '{part}'.")).ToArray();
        return steps switch
        {
            [var y, var x] => new VoxelOffset(0, y, x),
            [var z, var y, var x] => new VoxelOffset(z, y, x),
            _ => throw new InputException($"--offsets: an offset has 2 or 3 steps, got '{part}'."),
        };
    })];

    private static Volume<float> Read(string path, IReadOnlyList<VoxelOffset>? offsets, ProgressDisplay display, CancellationToken cancellation)
    {
        using var file = AffinityFile.Open(path, offsets, cancellation);
        if (file.Note is { } note)
            display.Note(note);
        return file.ReadAll();
    }

    private static Volume<int> Segment(
        string file, Volume<float> weights, MutexWatershedOptions options, Volume<byte>? mask, ComputeDevice device, CancellationToken cancellation)
    {
        var voxels = weights.VoxelCount;
        var planes = new float[weights.Data.Length];
        for (var i = 0; i < voxels; i++)
            for (var c = 0; c < weights.Channels; c++)
                planes[c * voxels + i] = weights.Data[i * weights.Channels + c];
        try
        {
            var labels = MutexWatershed.FromAffinities(
                planes, weights.Depth, weights.Height, weights.Width, options, mask?.Data, device: device, cancellation: cancellation);
            return new Volume<int>(labels, weights.Depth, weights.Height, weights.Width) { VoxelSize = weights.VoxelSize };
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{file}: {ReadFailure.Message(e)}", e);
        }
    }
}
