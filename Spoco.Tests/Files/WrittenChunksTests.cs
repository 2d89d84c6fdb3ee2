using Spoco.Cli.Files;

namespace Spoco.Tests.Files;

public sealed class WrittenChunksTests
{
    [Test]
    public void Chunks_go_to_the_file_after_every_box_and_their_memory_is_used_again()
    {
        var written = new List<(ulong Asked, ulong Index, byte First)>();
        var (chunks, allocated) = (new WrittenChunks(), 0);
        for (ulong box = 0; box < 10; box++)
        {
            for (ulong i = 0; i < 4; i++)
            {
                var chunk = Get((4 * box) + i);
                Assert.That(chunk.Span.IndexOfAnyExcept((byte)0), Is.EqualTo(-1), "a chunk begins empty");
                chunk.Span[0] = (byte)((4 * box) + i);
                Assert.That(Get((4 * box) + i).Span[0], Is.EqualTo(chunk.Span[0]), "it is the same until it is written");
            }

            chunks.Write();
        }

        Assert.That(written, Is.EqualTo(Enumerable.Range(0, 40).Select(i => ((ulong)i, (ulong)i, (byte)i))));
        Assert.That(allocated, Is.EqualTo(4));

        Memory<byte> Get(ulong index) => chunks.GetChunk(index, () =>
        {
            allocated++;
            return new byte[8];
        }, (i, chunk) => written.Add((index, i, chunk.Span[0])));
    }
}
