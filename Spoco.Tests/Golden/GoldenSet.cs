using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using PureHDF;

namespace Spoco.Tests.Golden;

/// <summary>
/// Reference numbers: <c>index.json</c> and HDF5 files made with PyTorch, scikit-image, scikit-learn, hdbscan and affogato. They are read from the
/// folder named by the environment variable SPOCO_GOLDEN (holding <c>torch/</c> and <c>segmentation/</c>), else from beside the test assembly.
/// </summary>
public sealed class GoldenSet
{
    private static readonly Lazy<GoldenSet> TorchSet = new(() => new GoldenSet("torch"));
    private static readonly Lazy<GoldenSet> SegmentationSet = new(() => new GoldenSet("segmentation"));

    private readonly Dictionary<string, IH5Group> _files = [];
    private readonly Lock _lock = new();

    private GoldenSet(string name)
    {
        Folder = Path.Combine(Root, name);
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "index.json")));
        AllCases = [.. index.RootElement.GetProperty("cases").EnumerateArray().Select(c => new GoldenCase(this, c.Clone()))];
    }

    /// <summary>Operations, losses, networks, optimisers, traces and metrics.</summary>
    public static GoldenSet Torch => TorchSet.Value;

    /// <summary>Mutex watershed, mean-shift, HDBSCAN and consistency clustering.</summary>
    public static GoldenSet Segmentation => SegmentationSet.Value;

    /// <summary>The folder that holds <c>torch/</c> and <c>segmentation/</c>.</summary>
    public static string Root =>
        Environment.GetEnvironmentVariable("SPOCO_GOLDEN") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Path.GetDirectoryName(typeof(GoldenSet).Assembly.Location)!, "Golden");

    /// <summary>The folder of this set.</summary>
    public string Folder { get; }

    /// <summary>Every case, in the order of the index.</summary>
    public IReadOnlyList<GoldenCase> AllCases { get; }

    /// <summary>The cases of one operation (torch) or kind (segmentation). Fails where there are none, so that no test passes on nothing.</summary>
    public IReadOnlyList<GoldenCase> Cases(string op)
    {
        var cases = AllCases.Where(c => c.Op == op).ToArray();
        return cases.Length > 0 ? cases : throw new InvalidOperationException($"GoldenSet: '{op}' has no case in {Folder}.");
    }

    /// <summary>One case by its operation and group.</summary>
    public GoldenCase Case(string op, string group) => Cases(op).Single(c => c.Group == group);

    internal T[] Read<T>(string file, string dataset) where T : unmanaged
    {
        lock (_lock)
        {
            var source = Open(file).Dataset(dataset);
            return source.Space.Dimensions.Contains(0ul) ? [] : source.Space.Rank == 0 ? [source.Read<T>()] : ReadFlat<T>(source);
        }
    }

    internal GoldenDataset[] List(string file, string group)
    {
        lock (_lock)
            return [.. Walk(Open(file).Group(group), "")];

        static IEnumerable<GoldenDataset> Walk(IH5Group group, string prefix) => group.Children().SelectMany(child => child switch
        {
            IH5Dataset d => [new GoldenDataset(prefix + d.Name, [.. d.Space.Dimensions.Select(n => (int)n)], TypeName(d.Type), "", null)],
            IH5Group g => Walk(g, prefix + g.Name + "/"),
            _ => Enumerable.Empty<GoldenDataset>(),
        });
    }

    private static T[] ReadFlat<T>(IH5Dataset source) where T : unmanaged
    {
        var count = source.Space.Dimensions.Aggregate(1ul, (product, n) => product * n);
        var values = new T[count];
        source.Read(values.AsMemory(), memoryDims: [count]);
        return values;
    }

    private static string TypeName(IH5DataType type) => type.Class switch
    {
        H5DataTypeClass.FloatingPoint => $"float{type.Size * 8}",
        H5DataTypeClass.FixedPoint => type.FixedPoint.IsSigned ? $"int{type.Size * 8}" : $"uint{type.Size * 8}",
        _ => type.Class.ToString(),
    };

    private IH5Group Open(string file)
    {
        if (!_files.TryGetValue(file, out var opened))
            _files[file] = opened = H5File.OpenRead(Path.Combine(Folder, file));
        return opened;
    }
}

/// <summary>One array of a case.</summary>
/// <param name="Name">Name below the case's group.</param>
/// <param name="Shape">Extents in C order.</param>
/// <param name="DType">Stored type: float32, float64, int32, int64, uint8, ...</param>
/// <param name="Meaning">What it holds, in words; empty where the index does not say.</param>
/// <param name="Fp32Error">Largest deviation of the reference run in float32, where recorded.</param>
public sealed record GoldenDataset(string Name, int[] Shape, string DType, string Meaning, double? Fp32Error);

/// <summary>Inputs and expected results of one computation.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "Readers are named after the stored type, as the index spells it.")]
public sealed class GoldenCase
{
    private readonly GoldenSet _set;
    private readonly string _file;
    private readonly Lazy<GoldenDataset[]> _datasets;

    internal GoldenCase(GoldenSet set, JsonElement entry)
    {
        _set = set;
        _file = entry.GetProperty("file").GetString()!;
        Group = (entry.TryGetProperty("group", out var group) ? group : entry.GetProperty("path")).GetString()!;
        Op = (entry.TryGetProperty("op", out var op) ? op : entry.GetProperty("kind")).GetString()!;
        Params = entry.TryGetProperty("params", out var parameters) ? parameters : entry;
        Note = entry.TryGetProperty("note", out var note) && note.ValueKind == JsonValueKind.String ? note.GetString()! : "";
        _datasets = new Lazy<GoldenDataset[]>(() => entry.TryGetProperty("datasets", out var list)
            ? [.. list.EnumerateArray().Select(Parse)]
            : _set.List(_file, Group));
    }

    /// <summary>Name of the case: its group in the file.</summary>
    public string Group { get; }

    /// <summary>Operation (torch) or kind (segmentation).</summary>
    public string Op { get; }

    /// <summary>Parameters; for segmentation cases the whole index entry.</summary>
    public JsonElement Params { get; }

    /// <summary>Remark of the index, or an empty string.</summary>
    public string Note { get; }

    /// <summary>The arrays of the case.</summary>
    public IReadOnlyList<GoldenDataset> Datasets => _datasets.Value;

    /// <summary>Whether the case holds an array of this name.</summary>
    public bool Has(string name) => Datasets.Any(d => d.Name == name);

    /// <summary>The description of an array.</summary>
    public GoldenDataset Dataset(string name) => Datasets.SingleOrDefault(d => d.Name == name)
        ?? throw new KeyNotFoundException($"{Op} {Group}: no array '{name}' (there are {string.Join(", ", Datasets.Select(d => d.Name))}).");

    /// <summary>Extents of an array.</summary>
    public int[] Shape(string name) => Dataset(name).Shape;

    /// <summary>An array stored as float32.</summary>
    public float[] Float32(string name) => Read<float>(name, "float32");

    /// <summary>An array stored as float64, or widened from float32.</summary>
    public double[] Float64(string name) =>
        Dataset(name).DType == "float32" ? Array.ConvertAll(Float32(name), v => (double)v) : Read<double>(name, "float64");

    /// <summary>Integers of any stored width, checked to fit.</summary>
    public int[] Int32(string name) => Dataset(name).DType switch
    {
        "int64" => Array.ConvertAll(Read<long>(name, "int64"), v => checked((int)v)),
        "uint64" => Array.ConvertAll(Read<ulong>(name, "uint64"), v => checked((int)v)),
        "uint32" => Array.ConvertAll(Read<uint>(name, "uint32"), v => checked((int)v)),
        "uint16" => Array.ConvertAll(Read<ushort>(name, "uint16"), v => (int)v),
        "int16" => Array.ConvertAll(Read<short>(name, "int16"), v => (int)v),
        "uint8" => Array.ConvertAll(Read<byte>(name, "uint8"), v => (int)v),
        "int8" => Array.ConvertAll(Read<sbyte>(name, "int8"), v => (int)v),
        _ => Read<int>(name, "int32"),
    };

    /// <summary>An array of bytes (masks).</summary>
    public byte[] UInt8(string name) => Dataset(name).DType == "int8"
        ? Array.ConvertAll(Read<sbyte>(name, "int8"), v => (byte)v)
        : Read<byte>(name, "uint8");

    /// <summary>
    /// Absolute tolerance for a float32 computation of an array: 20 times the deviation PyTorch itself showed in float32, and at least
    /// 8 float32 ulps of the array's largest magnitude (a recorded deviation of 0 only says that PyTorch was lucky).
    /// </summary>
    public double Tolerance(string name)
    {
        var magnitude = Float64(name).Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        return Math.Max(20 * (Dataset(name).Fp32Error ?? 0), 8 * Math.Pow(2, -23) * Math.Max(magnitude, 1e-30));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Op} {Group}";

    private T[] Read<T>(string name, string type) where T : unmanaged
    {
        var dataset = Dataset(name);
        if (dataset.DType != type)
            throw new InvalidOperationException($"{Op} {Group}: '{name}' is stored as {dataset.DType}, not {type}.");
        var values = _set.Read<T>(_file, $"{Group}/{name}");
        var expected = dataset.Shape.Aggregate(1L, (product, n) => product * n);
        return values.LongLength == expected
            ? values
            : throw new InvalidDataException($"{Op} {Group}: '{name}' holds {values.LongLength} values, the index says {expected}.");
    }

    private GoldenDataset Parse(JsonElement d) => new(
        d.GetProperty("name").GetString()![(Group.Length + 1)..],
        [.. d.GetProperty("shape").EnumerateArray().Select(n => n.GetInt32())],
        d.GetProperty("dtype").GetString()!,
        d.GetProperty("meaning").GetString() ?? "",
        d.TryGetProperty("torch_fp32_max_abs_err", out var error) && error.ValueKind == JsonValueKind.Number ? error.GetDouble() : null);
}
