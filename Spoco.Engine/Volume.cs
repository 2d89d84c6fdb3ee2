namespace Spoco.Engine;

/// <summary>Edge lengths of one voxel, in the unit the file states (usually micrometres), slowest axis first.</summary>
/// <param name="Z">Distance of two slices.</param>
/// <param name="Y">Distance of two rows.</param>
/// <param name="X">Distance of two columns.</param>
public readonly record struct VoxelSize(double Z, double Y, double X);

/// <summary>
/// A dense image or label volume in host memory, laid out [D, H, W, C] with C fastest; a 2D image has D = 1.
/// </summary>
/// <typeparam name="T"><see cref="float"/> for intensities, <see cref="int"/> for labels (0 = background or unlabelled).</typeparam>
public sealed class Volume<T> where T : unmanaged
{
    /// <summary>Wraps <paramref name="data"/> without copying it.</summary>
    /// <param name="data">D * H * W * C values, C fastest.</param>
    /// <param name="depth">Slices; 1 for a 2D image.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Values per voxel.</param>
    /// <exception cref="ArgumentException">An extent is below 1, or the data has another length than the extents say.</exception>
    public Volume(T[] data, int depth, int height, int width, int channels = 1)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (depth < 1 || height < 1 || width < 1 || channels < 1)
            throw new ArgumentException($"Volume: every extent must be at least 1, got [{depth}, {height}, {width}, {channels}].");
        if (data.LongLength != (long)depth * height * width * channels)
            throw new ArgumentException($"Volume: {data.LongLength} values do not fill [{depth}, {height}, {width}, {channels}].");
        Data = data;
        Depth = depth;
        Height = height;
        Width = width;
        Channels = channels;
    }

    /// <summary>Allocates a zeroed volume.</summary>
    public Volume(int depth, int height, int width, int channels = 1)
        : this(new T[checked((long)depth * height * width * channels)], depth, height, width, channels)
    {
    }

    /// <summary>The values, [D, H, W, C], C fastest.</summary>
    public T[] Data { get; }

    /// <summary>Slices; 1 for a 2D image.</summary>
    public int Depth { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Values per voxel.</summary>
    public int Channels { get; }

    /// <summary>Voxels: D * H * W.</summary>
    public int VoxelCount => Depth * Height * Width;

    /// <summary>Size of a voxel where the file states one.</summary>
    public VoxelSize? VoxelSize { get; init; }

    /// <summary>The value of a channel at slice z, row y and column x, all counted from 0.</summary>
    public ref T this[int z, int y, int x, int c = 0] => ref Data[(((z * Height) + y) * Width + x) * Channels + c];

    /// <summary>Whether the other volume covers the same voxels (channels may differ).</summary>
    public bool HasExtentsOf<TOther>(Volume<TOther> other) where TOther : unmanaged =>
        Depth == other.Depth && Height == other.Height && Width == other.Width;

    /// <summary>Copies the box that starts at a voxel; all channels, same voxel size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The box is empty or reaches outside the volume.</exception>
    public Volume<T> Crop(int z, int y, int x, int depth, int height, int width)
    {
        static bool Fits(int start, int count, int extent) => start >= 0 && count >= 1 && start <= extent - count;
        if (!Fits(z, depth, Depth) || !Fits(y, height, Height) || !Fits(x, width, Width))
            throw new ArgumentOutOfRangeException(
                nameof(depth), $"Volume: the box [{depth}, {height}, {width}] at [{z}, {y}, {x}] reaches outside {this}.");
        var box = new Volume<T>(depth, height, width, Channels) { VoxelSize = VoxelSize };
        var row = width * Channels;
        for (var dz = 0; dz < depth; dz++)
            for (var dy = 0; dy < height; dy++)
                Data.AsSpan((((z + dz) * Height) + y + dy) * Width * Channels + x * Channels, row)
                    .CopyTo(box.Data.AsSpan((dz * height + dy) * row, row));
        return box;
    }

    /// <summary>The extents as text: <c>256x256</c>, <c>40x64x64</c>, with the channels where there are several.</summary>
    public override string ToString() =>
        (Depth == 1 ? $"{Height}x{Width}" : $"{Depth}x{Height}x{Width}") + (Channels == 1 ? "" : $", {Channels} channels");
}
