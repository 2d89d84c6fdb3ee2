using PureHDF.VOL.Native;

namespace Spoco.Cli.Files;

/// <summary>
/// The chunks of an HDF5 dataset that is written box by box: they go to the file after every box, where the library's own cache would hold them all until the file is
/// closed.
/// </summary>
internal sealed class WrittenChunks : IWritingChunkCache
{
    private readonly Dictionary<ulong, (Memory<byte> Chunk, Action<ulong, Memory<byte>> Write)> _chunks = [];
    private readonly Stack<Memory<byte>> _free = [];

    /// <summary>The chunk of an index. Its writer belongs to it: the library's writes the chunk that was asked for, whatever index it is given.</summary>
    public Memory<byte> GetChunk(ulong chunkIndex, Func<Memory<byte>> chunkAllocator, Action<ulong, Memory<byte>> chunkWriter)
    {
        if (_chunks.TryGetValue(chunkIndex, out var held))
            return held.Chunk;
        if (_free.TryPop(out var chunk))
            chunk.Span.Clear();
        else
            chunk = chunkAllocator();
        _chunks[chunkIndex] = (chunk, chunkWriter);
        return chunk;
    }

    /// <summary>Writes the chunks, which are complete.</summary>
    public void Write()
    {
        foreach (var (index, (chunk, write)) in _chunks)
        {
            write(index, chunk);
            _free.Push(chunk);
        }

        _chunks.Clear();
    }

    /// <summary>Writes what is left when the file is closed.</summary>
    public void Flush(Action<ulong, Memory<byte>> chunkWriter)
    {
        foreach (var (index, (chunk, _)) in _chunks)
            chunkWriter(index, chunk);
        _chunks.Clear();
    }
}
