using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Compares the boxes of a TIFF with the image at once.</summary>
internal static class TiffBoxes
{
    /// <summary>Reads an image at once, and boxes of it, which must be alike; what is refused at once must be refused by boxes.</summary>
    public static Volume<float> ReadImage(string path)
    {
        Volume<float> image;
        try
        {
            image = InputFile.ReadImage(path);
        }
        catch (InputException)
        {
            Assert.That(() => ReadWhole(path), Throws.TypeOf<InputException>().With.Message.StartsWith($"{path}: "), "by boxes");
            throw;
        }
        // Nothing but one block is kept, or all are.
        foreach (var memory in new[] { 0, 1L << 30 })
            Compare(path, memory, image);
        return image;
    }

    /// <summary>Reads all boxes of an image, in rows of boxes.</summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    public static void ReadWhole(string path)
    {
        using var boxes = new TiffVolume(path, 0, CancellationToken.None);
        var (depth, height, width) = (Part(boxes.Depth, 2), Part(boxes.Height, 3), Part(boxes.Width, 2));
        for (var z = 0; z < boxes.Depth; z += depth)
            for (var y = 0; y < boxes.Height; y += height)
                for (var x = 0; x < boxes.Width; x += width)
                {
                    var box = new VoxelBox(
                        z, y, x, Math.Min(depth, boxes.Depth - z), Math.Min(height, boxes.Height - y), Math.Min(width, boxes.Width - x));
                    boxes.Read(box, new float[box.VoxelCount * boxes.Channels]);
                }

        static int Part(int extent, int parts) => (extent - 1) / parts + 1;
    }

    private static void Compare(string path, long memory, Volume<float> image)
    {
        using var boxes = new TiffVolume(path, memory, CancellationToken.None);
        Assert.That((boxes.Depth, boxes.Height, boxes.Width, boxes.Channels), Is.EqualTo((image.Depth, image.Height, image.Width, image.Channels)));
        Assert.That(boxes.VoxelSize, Is.EqualTo(image.VoxelSize));
        var random = new Random(3);
        for (var i = 0; i < 12; i++)
        {
            var (z, depth) = Range(image.Depth);
            var (y, height) = Range(image.Height);
            var (x, width) = Range(image.Width);
            var box = i == 0 ? VoxelBox.Of(image) : new VoxelBox(z, y, x, depth, height, width);
            var values = new float[box.VoxelCount * image.Channels];
            boxes.Read(box, values);
            var part = image.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width);
            Assert.That(values.AsSpan().SequenceEqual(part.Data), $"{box}, memory {memory}");
        }

        (int Start, int Length) Range(int extent)
        {
            var start = random.Next(extent);
            return (start, random.Next(1, extent - start + 1));
        }
    }
}
