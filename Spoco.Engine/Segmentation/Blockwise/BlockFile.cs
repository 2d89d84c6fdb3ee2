using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// The result of one block on disk: a header, then per cluster its first voxel, its size and the sum of its embeddings, the exits, the edges, the cluster of every
/// voxel and its probability of belonging to an object, and a SHA-256 of all that. Sums and probabilities are there where they are needed. What is read is checked
/// against the length of the file.
/// </summary>
internal sealed unsafe class BlockFile : IStoredBlock
{
    private const ulong Magic = 0x324B4C424F435053;
    private const int MaximumBytes = 1 << 26;
    private const int MaximumDimensions = 1 << 12;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly Header _header;
    private readonly int _blocks;

    private BlockFile(string path, SafeFileHandle file, Header header, int blocks) => (_path, _file, _header, _blocks) = (path, file, header, blocks);

    /// <inheritdoc/>
    public int Clusters => _header.Clusters;

    /// <inheritdoc/>
    public int OpenClusters => _header.Open;

    /// <inheritdoc/>
    public int Exits => _header.Exits;

    /// <inheritdoc/>
    public int Edges => _header.Edges;

    private long SizesAt => sizeof(Header) + (long)Clusters * sizeof(long);

    private long SumsAt => SizesAt + (long)Clusters * sizeof(int);

    private long ExitsAt => SumsAt + (long)Clusters * _header.Dimensions * sizeof(double);

    private long EdgesAt => ExitsAt + (long)Exits * sizeof(BlockExit);

    private long MapAt => EdgesAt + (long)Edges * sizeof(BlockEdge);

    private long ForegroundAt => MapAt + (long)_header.Voxels * sizeof(int);

    private long End => ForegroundAt + (long)_header.Foreground * sizeof(float);

    /// <summary>Writes the result of a block; the file is complete or not there.</summary>
    public static void Write(string path, int block, BlockResult result)
    {
        var header = new Header
        {
            Magic = Magic, Block = block, Clusters = result.Clusters, Open = result.OpenClusters, Exits = result.ExitCount, Edges = result.EdgeCount, Voxels = result.Voxels,
            Dimensions = result.Sums == null ? 0 : result.Dimensions, Foreground = result.Foreground == null ? 0 : result.Voxels,
        };
        AtomicFile.Write(path, stream =>
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var first = header;
            Write(stream, hash, &first, 1);
            Write(stream, hash, result.Firsts, result.Clusters);
            Write(stream, hash, result.Sizes, result.Clusters);
            Write(stream, hash, result.Sums, (long)result.Clusters * header.Dimensions);
            Write(stream, hash, result.Exits, result.ExitCount);
            Write(stream, hash, result.Edges, result.EdgeCount);
            Write(stream, hash, result.Map, result.Voxels);
            Write(stream, hash, result.Foreground, header.Foreground);
            stream.Write(hash.GetHashAndReset());
        });
    }

    /// <summary>Opens the result of a block.</summary>
    /// <param name="path">The file.</param>
    /// <param name="block">The block.</param>
    /// <param name="box">Its box.</param>
    /// <param name="blocks">How many blocks there are.</param>
    /// <exception cref="InvalidDataException">The file is none of this block.</exception>
    public static BlockFile Open(string path, int block, VoxelBox box, int blocks)
    {
        var file = File.OpenHandle(path);
        try
        {
            var header = default(Header);
            Read(path, file, new Span<Header>(ref header), 0);
            var found = new BlockFile(path, file, header, blocks);
            if (header.Magic != Magic || header.Block != block || header.Voxels != box.VoxelCount || header.Clusters < 0 || header.Clusters > header.Voxels
                || header.Open < 0 || header.Open > header.Clusters || header.Exits < 0 || header.Edges < 0 || (uint)header.Dimensions > MaximumDimensions
                || (header.Foreground != 0 && header.Foreground != header.Voxels) || RandomAccess.GetLength(file) != found.End + SHA256.HashSizeInBytes)
                throw found.Damaged();
            return found;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is a sound result of a block.</summary>
    public static bool IsSound(string path, int block, VoxelBox box, int blocks)
    {
        try
        {
            using var file = Open(path, block, box, blocks);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 20];
            for (long at = 0; at < file.End;)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, file.End - at));
                Read(path, file._file, part, at);
                hash.AppendData(part);
                at += part.Length;
            }

            var stated = new byte[SHA256.HashSizeInBytes];
            Read(path, file._file, stated.AsSpan(), file.End);
            return hash.GetHashAndReset().AsSpan().SequenceEqual(stated);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Reads the first voxel of every cluster: its index in the whole image.</summary>
    public void ReadFirsts(Span<long> firsts) => Read(_path, _file, firsts, sizeof(Header));

    /// <summary>Reads the voxels of every cluster.</summary>
    public void ReadSizes(Span<int> sizes) => Read(_path, _file, sizes, SizesAt);

    /// <summary>Reads the sums of the embeddings of clusters, d values each.</summary>
    /// <param name="first">The first cluster.</param>
    /// <param name="sums">Receives d sums per cluster.</param>
    public void ReadSums(int first, Span<double> sums) => Read(_path, _file, sums, SumsAt + (long)first * _header.Dimensions * sizeof(double));

    /// <inheritdoc/>
    public void ReadExits(Span<BlockExit> exits)
    {
        Read(_path, _file, exits, ExitsAt);
        foreach (ref var exit in exits)
            if ((uint)exit.Node >= (uint)OpenClusters || (uint)exit.Block >= (uint)_blocks)
                throw Damaged();
    }

    /// <inheritdoc/>
    public void ReadEdges(Span<BlockEdge> edges)
    {
        Read(_path, _file, edges, EdgesAt);
        foreach (ref var edge in edges)
            if ((uint)edge.U >= (uint)OpenClusters || (uint)edge.Block > (uint)_header.Block)
                throw Damaged();
    }

    /// <inheritdoc/>
    public void ReadMap(long first, Span<int> map)
    {
        Read(_path, _file, map, MapAt + first * sizeof(int));
        foreach (var cluster in map)
            if (cluster < -1 || cluster >= Clusters)
                throw Damaged();
    }

    /// <summary>Reads probabilities of voxels.</summary>
    /// <param name="first">The first voxel's index in the block.</param>
    /// <param name="probabilities">Receives one per voxel.</param>
    public void ReadForeground(long first, Span<float> probabilities) => Read(_path, _file, probabilities, ForegroundAt + first * sizeof(float));

    /// <inheritdoc/>
    public Exception Damaged() => new InvalidDataException($"{_path}: damaged; delete its folder and run again.");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Read<T>(string path, SafeFileHandle file, Span<T> values, long at) where T : unmanaged
    {
        for (var done = 0L; done < values.Length;)
        {
            var part = MemoryMarshal.AsBytes(values.Slice((int)done, (int)Math.Min(values.Length - done, MaximumBytes / sizeof(T))));
            for (var filled = 0; filled < part.Length;)
            {
                var read = RandomAccess.Read(file, part[filled..], at + done * sizeof(T) + filled);
                if (read == 0)
                    throw new InvalidDataException($"{path}: cut off; delete its folder and run again.");
                filled += read;
            }

            done += part.Length / sizeof(T);
        }
    }

    private static void Write<T>(Stream stream, IncrementalHash hash, T* values, long count) where T : unmanaged
    {
        for (var done = 0L; done < count;)
        {
            var part = (int)Math.Min(count - done, MaximumBytes / sizeof(T));
            var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(values + done, part));
            hash.AppendData(bytes);
            stream.Write(bytes);
            done += part;
        }
    }

    private struct Header
    {
        public ulong Magic;
        public int Block;
        public int Clusters;
        public int Exits;
        public int Edges;
        public int Voxels;
        public int Open;
        public int Dimensions;
        public int Foreground;
    }
}
