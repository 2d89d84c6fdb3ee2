using NUnit.Framework;
using Spoco.Cli.Files;

namespace Spoco.Tests.Files;

[TestFixture]
internal sealed class BlockCacheTests
{
    [Test]
    public void The_least_recently_used_block_is_given_up_and_its_memory_used_again()
    {
        var cache = new BlockCache(3 * (10 + BlockCache.EntryBytes));
        var blocks = Enumerable.Range(0, 3).Select(i => Add(cache, i, 10)).ToArray();
        Assert.That(cache.Find(0, 0), Is.SameAs(blocks[0]));

        var fourth = Add(cache, 3, 10);

        Assert.That(fourth, Is.SameAs(blocks[1]));
        Assert.That(cache.Find(0, 1), Is.Null);
        Assert.That(cache.Find(0, 0), Is.SameAs(blocks[0]));
        Assert.That(cache.Find(0, 2), Is.SameAs(blocks[2]));
        Assert.That(cache.Find(1, 2), Is.Null, "of another page");
    }

    [Test]
    public void Blocks_of_other_sizes_keep_the_bound()
    {
        var cache = new BlockCache(3 * (10 + BlockCache.EntryBytes));
        for (var i = 0; i < 3; i++)
            Add(cache, i, 10);

        Assert.That(Add(cache, 3, 30 + BlockCache.EntryBytes), Has.Length.EqualTo(30 + BlockCache.EntryBytes));

        Assert.That(Enumerable.Range(0, 4).Where(i => cache.Find(0, i) is not null), Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public void One_block_is_held_whatever_it_takes()
    {
        var cache = new BlockCache(0);
        var first = Add(cache, 0, 10);
        Assert.That(cache.Find(0, 0), Is.SameAs(first));
        Assert.That(Add(cache, 1, 10), Is.SameAs(first));
        Assert.That(cache.Find(0, 0), Is.Null);
    }

    private static byte[] Add(BlockCache cache, int number, int bytes)
    {
        var block = cache.MakeRoom(bytes);
        cache.Add(0, number, block);
        return block;
    }
}
