using PureHDF;
using PureHDF.Filters;
using PureHDF.Selections;
using PureHDF.VOL.Native;
using Spoco.Cli.Files.Hdf5;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// HDF5 files as this field writes them: datasets [Y,X], [Z,Y,X] or [C,Z,Y,X], or in the order that <see cref="Hdf5Axes"/> reads from their
/// attributes, voxel size in the attribute <c>element_size_um</c> (z, y, x). A dataset [C,Y,X] is told from a volume by the attribute <c>axes</c> =
/// "cyx", which is written here for 2D embeddings. The library writes; <see cref="Hdf5Reader"/> reads.
/// </summary>
internal static class Hdf5File
{
    private const string ElementSize = "element_size_um";
    private const string Axes = "axes";

    // Chunks of 32 x 64 x 64 are small enough to read a tile of and large enough to compress.
    private const int ChunkDepth = 32;
    private const int ChunkSide = 64;
    private const long BoxVoxels = 1 << 20;

    /// <summary>Reads an image (<see cref="float"/>) or labels (<see cref="int"/>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="dataset">The dataset's name, which may lead through groups.</param>
    /// <param name="ignored">The one negative label that is allowed.</param>
    public static Volume<T> Read<T>(string path, string dataset, int? ignored = null) where T : unmanaged =>
        WithFile(path, file => new Hdf5Decoder<T>(path, dataset, file.Require(dataset), ignored).Decode());

    /// <summary>Whether the file has a dataset of this name.</summary>
    public static bool Has(string path, string dataset) =>
        WithFile(path, file => file.Has(dataset));

    /// <summary>Whether the file is marked as a result of ours and holds nothing but the datasets of such a result.</summary>
    public static bool IsMarked(string path, string mark, string[] datasets) => WithFile(path, file =>
        file.Attributes.Texts(ResultMark.Key) is [var software] && software == mark && file.Names.All(datasets.Contains));

    /// <summary>Writes labels, chunked and deflated; 16 bits a voxel, 32 where a label needs them.</summary>
    public static void WriteLabels(string path, Volume<int> labels, string dataset)
    {
        var data = OutputFile.LargestLabel(path, labels) > ushort.MaxValue
            ? (object)Array.ConvertAll(labels.Data, label => (uint)label)
            : Array.ConvertAll(labels.Data, label => (ushort)label);
        ulong[] dims = labels.Depth == 1 ? Dims(labels.Height, labels.Width) : Dims(labels.Depth, labels.Height, labels.Width);
        var file = Marked(ResultMark.Labels);
        Place(file, dataset, new H5Dataset(data, Chunks(dims), fileDims: dims) { Attributes = Attributes(labels.VoxelSize, dims, embedding: false) });
        AtomicFile.Write(path, stream => file.Write(stream, Deflated()));
    }

    /// <summary>Writes labels that do not fit memory, some rows of chunks at a time; 16 bits a voxel, 32 where a label needs them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="whole">The box of all voxels.</param>
    /// <param name="voxelSize">Size of a voxel where it is known.</param>
    /// <param name="largest">The largest label.</param>
    /// <param name="dataset">The dataset's name.</param>
    /// <param name="read">Gives the labels of a box.</param>
    public static void WriteLabels(string path, VoxelBox whole, VoxelSize? voxelSize, int largest, string dataset, Func<VoxelBox, int[]> read)
    {
        if (largest > ushort.MaxValue)
            WriteLabels(path, whole, voxelSize, dataset, box => Array.ConvertAll(read(box), label => (uint)label));
        else
            WriteLabels(path, whole, voxelSize, dataset, box => Array.ConvertAll(read(box), label => (ushort)label));
    }

    /// <summary>The boxes in which such labels are written: whole chunks, so that none is written twice.</summary>
    public static IEnumerable<VoxelBox> LabelBoxes(VoxelBox whole) => ChunkBoxes(whole, BoxVoxels);

    private static IEnumerable<VoxelBox> ChunkBoxes(VoxelBox whole, long voxels)
    {
        var rows = (int)Math.Clamp(voxels / ((long)Math.Min(ChunkDepth, whole.Depth) * ChunkSide * whole.Width), 1, whole.Height / ChunkSide + 1) * ChunkSide;
        for (var z = 0; z < whole.Depth; z += ChunkDepth)
            for (var y = 0; y < whole.Height; y += rows)
                yield return whole with { Z = z, Y = y, Depth = Math.Min(ChunkDepth, whole.Depth - z), Height = Math.Min(rows, whole.Height - y) };
    }

    private static void WriteLabels<T>(string path, VoxelBox whole, VoxelSize? voxelSize, string dataset, Func<VoxelBox, T[]> read)
    {
        ulong[] dims = whole.Depth == 1 ? Dims(whole.Height, whole.Width) : Dims(whole.Depth, whole.Height, whole.Width);
        var target = new Target<T>(dims, Chunks(dims), Attributes(voxelSize, dims, embedding: false));
        var file = Marked(ResultMark.Labels);
        Place(file, dataset, target.Dataset);
        AtomicFile.Write(path, stream =>
        {
            using var writer = file.BeginWrite(stream, Deflated());
            foreach (var box in LabelBoxes(whole))
            {
                var (start, block) = whole.Depth == 1
                    ? (Dims(box.Y, box.X), Dims(box.Height, box.Width)) : (Dims(box.Z, box.Y, box.X), Dims(box.Depth, box.Height, box.Width));
                target.Write(writer, read(box), start, block);
            }
        });
    }

    /// <summary>Writes one image of float32 values, such as embeddings, as [C,Z,Y,X], or as [C,Y,X] where it has one slice.</summary>
    public static void WriteEmbeddings(string path, Volume<float> embeddings, string dataset) => WriteEmbeddings(path, [(dataset, embeddings)]);

    /// <summary>Writes several such images into one file.</summary>
    public static void WriteEmbeddings(string path, IReadOnlyList<(string Dataset, Volume<float> Values)> images)
    {
        var file = Marked(ResultMark.Embeddings);
        var targets = new List<Target<float>>();
        foreach (var (dataset, values) in images)
        {
            ulong[] dims = values.Depth == 1
                ? Dims(values.Channels, values.Height, values.Width)
                : Dims(values.Channels, values.Depth, values.Height, values.Width);
            var chunks = Chunks(dims);
            chunks[0] = 1;
            targets.Add(new Target<float>(dims, chunks, Attributes(values.VoxelSize, dims, embedding: true)));
            Place(file, dataset, targets[^1].Dataset);
        }

        AtomicFile.Write(path, stream =>
        {
            // A whole row of chunks at a time, one channel after the other: so that none is written twice.
            using var writer = file.BeginWrite(stream, Deflated());
            for (var i = 0; i < targets.Count; i++)
                for (var c = 0; c < images[i].Values.Channels; c++)
                    for (var z = 0; z < images[i].Values.Depth; z += ChunkDepth)
                        WritePlanes(writer, targets[i], images[i].Values, c, z);
        });
    }

    /// <summary>Writes several such images of one size that do not fit memory, box by box.</summary>
    /// <param name="path">The file.</param>
    /// <param name="whole">The box of all voxels.</param>
    /// <param name="voxelSize">Size of a voxel where it is known.</param>
    /// <param name="datasets">Names and numbers of channels.</param>
    /// <param name="voxels">About how many voxels a box may have.</param>
    /// <param name="read">Gives the values of a box, [D, H, W, C], for each dataset.</param>
    public static void WriteEmbeddings(
        string path, VoxelBox whole, VoxelSize? voxelSize, IReadOnlyList<(string Dataset, int Channels)> datasets, long voxels, Func<VoxelBox, float[][]> read)
    {
        var file = Marked(ResultMark.Embeddings);
        var targets = datasets.Select(image =>
        {
            ulong[] dims = whole.Depth == 1 ? Dims(image.Channels, whole.Height, whole.Width) : Dims(image.Channels, whole.Depth, whole.Height, whole.Width);
            var chunks = Chunks(dims);
            chunks[0] = 1;
            var target = new Target<float>(dims, chunks, Attributes(voxelSize, dims, embedding: true));
            Place(file, image.Dataset, target.Dataset);
            return target;
        }).ToList();
        AtomicFile.Write(path, stream =>
        {
            using var writer = file.BeginWrite(stream, Deflated());
            foreach (var box in ChunkBoxes(whole, voxels))
            {
                var values = read(box);
                for (var i = 0; i < targets.Count; i++)
                    for (var c = 0; c < datasets[i].Channels; c++)
                    {
                        var plane = new float[box.VoxelCount];
                        for (var v = 0; v < plane.Length; v++)
                            plane[v] = values[i][v * datasets[i].Channels + c];
                        var (start, block) = whole.Depth == 1
                            ? (Dims(c, box.Y, 0), Dims(1, box.Height, box.Width)) : (Dims(c, box.Z, box.Y, 0), Dims(1, box.Depth, box.Height, box.Width));
                        targets[i].Write(writer, plane, start, block);
                    }
            }
        });
    }

    private static void WritePlanes(H5NativeWriter writer, Target<float> target, Volume<float> embeddings, int c, int z)
    {
        var depth = Math.Min(ChunkDepth, embeddings.Depth - z);
        var plane = embeddings.Height * embeddings.Width;
        var values = new float[depth * plane];
        for (var i = 0; i < values.Length; i++)
            values[i] = embeddings.Data[((long)z * plane + i) * embeddings.Channels + c];
        ulong[] start = embeddings.Depth == 1 ? Dims(c, 0, 0) : Dims(c, z, 0, 0);
        ulong[] block = embeddings.Depth == 1
            ? Dims(1, embeddings.Height, embeddings.Width) : Dims(1, depth, embeddings.Height, embeddings.Width);
        target.Write(writer, values, start, block);
    }

    private static H5File Marked(string mark) => new() { Attributes = new Dictionary<string, object> { [ResultMark.Key] = mark } };

    private static ulong[] Dims(params ReadOnlySpan<int> extents) => Array.ConvertAll(extents.ToArray(), extent => (ulong)extent);

    private static uint[] Chunks(ulong[] dims)
    {
        var chunks = new uint[dims.Length];
        for (var axis = 0; axis < dims.Length; axis++)
            chunks[axis] = (uint)Math.Min(dims[axis], (ulong)(axis < dims.Length - 2 ? ChunkDepth : ChunkSide));
        return chunks;
    }

    private static H5WriteOptions Deflated() => new(Filters: [DeflateFilter.Id]);

    private static Dictionary<string, object> Attributes(VoxelSize? size, ulong[] dims, bool embedding)
    {
        var axes = "zyx"[^(dims.Length - (embedding ? 1 : 0))..];
        var attributes = new Dictionary<string, object> { [Axes] = embedding ? "c" + axes : axes };
        if (size is { } um)
            attributes[ElementSize] = new[] { um.Z, um.Y, um.X };
        return attributes;
    }

    /// <summary>The groups that a dataset's name leads through, and its own name.</summary>
    /// <exception cref="InputException">No dataset can have this name.</exception>
    public static string[] NameParts(string name)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 0 && !parts.Any(part => part is "." or "..") ? parts : throw new InputException($"'{name}' is no name for a dataset.");
    }

    /// <summary>Puts a dataset at a name that may lead through groups.</summary>
    private static void Place(H5Group root, string name, H5Dataset dataset)
    {
        var parts = NameParts(name);
        foreach (var part in parts[..^1])
        {
            var group = new H5Group();
            root[part] = group;
            root = group;
        }
        root[parts[^1]] = dataset;
    }

    private static TResult WithFile<TResult>(string path, Func<Hdf5Reader, TResult> use) => Guard(path, () =>
    {
        using var file = new Hdf5Reader(path);
        return use(file);
    });

    /// <summary>Runs a call that reads; what a damaged file may still bring about becomes one line.</summary>
    internal static TResult Guard<TResult>(string path, Func<TResult> call)
    {
        try
        {
            return call();
        }
        catch (OutOfMemoryException e)
        {
            throw new InputException($"{path}: does not fit into memory.", e);
        }
        catch (Exception e) when (e is not (InputException or OperationCanceledException))
        {
            throw new InputException($"{path}: not a readable HDF5 file ({ReadFailure.Of(e)}).", e);
        }
    }

    /// <summary>The voxel size a dataset states; none where the attribute is missing or unusable.</summary>
    internal static VoxelSize? ReadVoxelSize(Hdf5Dataset dataset) =>
        dataset.Attributes.Numbers(ElementSize) is [var z, var y, var x] um && Array.TrueForAll(um, value => value > 0 && double.IsFinite(value))
            ? new VoxelSize(z, y, x) : null;

    /// <summary>A dataset that is written box by box, of whole chunks.</summary>
    private sealed class Target<T>
    {
        private readonly WrittenChunks _chunks = new();

        public Target(ulong[] dims, uint[] chunks, Dictionary<string, object> attributes) =>
            Dataset = new H5Dataset<T[]>(dims, chunks, datasetCreation: new H5DatasetCreation(_chunks)) { Attributes = attributes };

        public H5Dataset<T[]> Dataset { get; }

        public void Write(H5NativeWriter writer, T[] values, ulong[] start, ulong[] block)
        {
            writer.Write(Dataset, values, fileSelection: new HyperslabSelection(start.Length, start, block));
            _chunks.Write();
        }
    }
}
