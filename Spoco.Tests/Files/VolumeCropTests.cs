using NUnit.Framework;
using Spoco.Engine;

namespace Spoco.Tests.Files;

[TestFixture]
internal sealed class VolumeCropTests
{
    [Test]
    public void CopiesABoxWithAllChannels()
    {
        var volume = new Volume<int>([.. Enumerable.Range(0, 4 * 3 * 5 * 2)], 4, 3, 5, 2) { VoxelSize = new VoxelSize(1, 2, 3) };
        var box = volume.Crop(1, 0, 2, 3, 2, 3);
        Assert.That((box.Depth, box.Height, box.Width, box.Channels, box.VoxelSize), Is.EqualTo((3, 2, 3, 2, volume.VoxelSize)));
        for (var z = 0; z < 3; z++)
            for (var y = 0; y < 2; y++)
                for (var x = 0; x < 3; x++)
                    for (var c = 0; c < 2; c++)
                        Assert.That(box[z, y, x, c], Is.EqualTo(volume[z + 1, y, x + 2, c]));
        Assert.That(volume.Crop(0, 0, 0, 4, 3, 5).Data, Is.EqualTo(volume.Data));
    }

    [TestCase(-1, 0, 0, 1, 1, 1)]
    [TestCase(0, 0, 5, 1, 1, 1)]
    [TestCase(0, 0, 0, 1, 4, 1)]
    [TestCase(0, 0, 0, 0, 1, 1)]
    [TestCase(0, 0, 2, 1, 1, int.MaxValue)]
    public void ABoxOutsideIsRefused(int z, int y, int x, int depth, int height, int width) =>
        Assert.That(() => new Volume<int>(4, 3, 5).Crop(z, y, x, depth, height, width), Throws.TypeOf<ArgumentOutOfRangeException>());
}
