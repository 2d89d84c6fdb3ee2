using Spoco.Cli.Demo;
using Spoco.Engine;

namespace Spoco.Tests.Data;

public sealed class SyntheticCellsTests
{
    [Test]
    public void A_plane_holds_20_to_45_cells_numbered_without_gaps_each_in_one_piece()
    {
        for (var index = 0; index < 40; index++)
        {
            var (image, labels) = SyntheticCells.Draw(11, index);
            Assert.That(image.HasExtentsOf(labels) && image.VoxelCount == 65536);
            Assert.That(labels.Data.Max(), Is.InRange(20, 45), $"index {index}");
            AssertCompact(labels, $"index {index}");
        }
    }

    [TestCase(64, 64, 1)]
    [TestCase(131, 77, 1)]
    [TestCase(33, 40, 21)]
    [TestCase(1, 1, 1)]
    public void Any_size_works(int height, int width, int depth)
    {
        for (var index = 0; index < 5; index++)
        {
            var (image, labels) = SyntheticCells.Draw(3, index, height, width, depth);
            Assert.That((image.Depth, image.Height, image.Width), Is.EqualTo((depth, height, width)));
            AssertCompact(labels, $"index {index}");
        }
    }

    [Test]
    public void Cells_touch_and_are_brighter_than_the_background()
    {
        var touching = 0;
        for (var index = 0; index < 10; index++)
        {
            var (image, labels) = SyntheticCells.Draw(5, index);
            var inside = image.Data.Where((_, i) => labels.Data[i] != 0).Average();
            var outside = image.Data.Where((_, i) => labels.Data[i] == 0).Average();
            Assert.That(inside, Is.GreaterThan(2 * outside), $"index {index}");
            Assert.That(labels.Data.Count(label => label != 0) / 65536.0, Is.InRange(0.2, 0.8), $"index {index}");
            var pairs = new HashSet<(int, int)>();
            for (var i = 1; i < labels.Data.Length; i++)
                if (i % 256 != 0 && labels.Data[i] != labels.Data[i - 1] && labels.Data[i] * labels.Data[i - 1] != 0)
                    pairs.Add((Math.Min(labels.Data[i], labels.Data[i - 1]), Math.Max(labels.Data[i], labels.Data[i - 1])));
            touching += pairs.Count;
        }

        Assert.That(touching, Is.GreaterThan(50));
    }

    [Test]
    public void Values_are_those_of_an_8_bit_camera()
    {
        var (image, _) = SyntheticCells.Draw(6, 0);
        Assert.That(image.Data.All(value => value is >= 0 and <= 255 && value == MathF.Round(value)));
        Assert.That(image.Data.Max(), Is.GreaterThan(100));
    }

    [Test]
    public void The_same_seed_and_index_give_the_same_image()
    {
        var (image, labels) = SyntheticCells.Draw(7, 2, 64, 64);
        var (again, labelsAgain) = SyntheticCells.Draw(7, 2, 64, 64);
        Assert.That(again.Data, Is.EqualTo(image.Data));
        Assert.That(labelsAgain.Data, Is.EqualTo(labels.Data));
        Assert.That(SyntheticCells.Draw(7, 3, 64, 64).Image.Data, Is.Not.EqualTo(image.Data));
        Assert.That(SyntheticCells.Draw(8, 2, 64, 64).Image.Data, Is.Not.EqualTo(image.Data));
    }

    /// <summary>Labels run from 1 without gaps; flooding from any voxel of a label reaches all of it.</summary>
    private static void AssertCompact(Volume<int> labels, string message)
    {
        var count = labels.Data.Max();
        Assert.That(labels.Data.Distinct().Where(label => label != 0).Order(), Is.EqualTo(Enumerable.Range(1, count)), message);
        var seen = new bool[labels.Data.Length];
        var pieces = new int[count + 1];
        var stack = new Stack<(int Z, int Y, int X)>();
        for (var z = 0; z < labels.Depth; z++)
            for (var y = 0; y < labels.Height; y++)
                for (var x = 0; x < labels.Width; x++)
                    if (labels[z, y, x] != 0 && !seen[(z * labels.Height + y) * labels.Width + x])
                    {
                        pieces[labels[z, y, x]]++;
                        stack.Push((z, y, x));
                        while (stack.TryPop(out var p))
                        {
                            ref var mark = ref seen[(p.Z * labels.Height + p.Y) * labels.Width + p.X];
                            if (mark)
                                continue;
                            mark = true;
                            foreach (var (dz, dy, dx) in new[] { (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1) })
                            {
                                var q = (Z: p.Z + dz, Y: p.Y + dy, X: p.X + dx);
                                if (q.Z >= 0 && q.Y >= 0 && q.X >= 0 && q.Z < labels.Depth && q.Y < labels.Height && q.X < labels.Width
                                    && labels[q.Z, q.Y, q.X] == labels[z, y, x])
                                    stack.Push(q);
                            }
                        }
                    }

        Assert.That(pieces[1..], Is.All.EqualTo(1), message);
    }
}
