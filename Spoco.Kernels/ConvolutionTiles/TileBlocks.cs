namespace Spoco.Kernels.Primitives;

/// <summary>
/// The order in which tiles take the voxels of an image: blocks of eight, which one thread owns, so that a thread has whole windows of a pooling and whole
/// voxels of a tensor that was enlarged by two. A deep block is 2x2x2 voxels, one window; a flat one 1x2x4, two windows of 1x2x2. Voxels of a block that lie
/// beyond the image are computed and not used.
/// </summary>
/// <param name="Image">Extents of the images; the channels do not matter.</param>
/// <param name="Deep">1 = blocks of 2x2x2, 0 = of 1x2x4.</param>
/// <param name="BlocksH">Blocks along the rows.</param>
/// <param name="BlocksW">Blocks along the columns.</param>
/// <param name="Blocks">Blocks of an image.</param>
/// <param name="Tiles">Tiles of an image; a tile has blocks of one image.</param>
internal readonly record struct TileBlocks(TensorShape Image, int Deep, int BlocksH, int BlocksW, int Blocks, int Tiles)
{
    /// <summary>Blocks of a tile along the slices, where tiles are boxes; 0 where they are blocks that follow each other.</summary>
    public int BoxD { get; private init; }

    /// <summary>Blocks of a box along the rows.</summary>
    public int BoxH { get; private init; }

    /// <summary>Blocks of a box along the columns.</summary>
    public int BoxW { get; private init; }

    /// <summary>Cuts images into blocks, and these into tiles of <paramref name="tileBlocks"/> that follow each other.</summary>
    internal static TileBlocks Of(TensorShape image, bool deep, int tileBlocks)
    {
        var (d, h, w) = Extents(image, deep);
        var blocks = IlgpuDevice.Extent((long)d * h * w, nameof(Convolution));
        return new TileBlocks(image, deep ? 1 : 0, h, w, blocks, (int)((blocks + tileBlocks - 1L) / tileBlocks));
    }

    /// <summary>Cuts images into blocks, and these into boxes.</summary>
    internal static TileBlocks Boxes(TensorShape image, bool deep, (int D, int H, int W) box)
    {
        var (d, h, w) = Extents(image, deep);
        var tiles = ((long)d + box.D - 1) / box.D * ((h + box.H - 1) / box.H) * ((w + box.W - 1) / box.W);
        return new TileBlocks(image, deep ? 1 : 0, h, w, IlgpuDevice.Extent((long)d * h * w, nameof(Convolution)), IlgpuDevice.Extent(tiles, nameof(Convolution)))
        {
            BoxD = box.D, BoxH = box.H, BoxW = box.W,
        };
    }

    /// <summary>Place of a block of a tile; one beyond the last has no voxels.</summary>
    /// <param name="tile">Tile of the image.</param>
    /// <param name="block">Block of the tile.</param>
    /// <param name="tileBlocks">Blocks of a tile.</param>
    internal BlockPlace Place(int tile, int block, int tileBlocks)
    {
        if (BoxD != 0)
            return PlaceOfBox(tile, block);
        block += tile * tileBlocks;
        var w = block % BlocksW;
        var slice = block / BlocksW / BlocksH;
        BlockPlace place;
        place.D = block < Blocks ? slice << Deep : Image.D;
        place.H = 2 * (block / BlocksW % BlocksH);
        place.W = Deep != 0 ? 2 * w : 4 * w;
        place.Unused = 0;
        return place;
    }

    /// <summary>Place of a block of a box relative to the box.</summary>
    internal BlockPlace WithinBox(int block)
    {
        BlockPlace place;
        place.D = block / BoxW / BoxH << Deep;
        place.H = 2 * (block / BoxW % BoxH);
        place.W = (Deep != 0 ? 2 : 4) * (block % BoxW);
        place.Unused = 0;
        return place;
    }

    private BlockPlace PlaceOfBox(int tile, int block)
    {
        var (tilesH, tilesW) = ((BlocksH + BoxH - 1) / BoxH, (BlocksW + BoxW - 1) / BoxW);
        var place = WithinBox(block);
        place.D += tile / tilesW / tilesH * BoxD << Deep;
        place.H += 2 * BoxH * (tile / tilesW % tilesH);
        place.W += (Deep != 0 ? 2 : 4) * BoxW * (tile % tilesW);
        return place;
    }

    private static (int D, int H, int W) Extents(TensorShape image, bool deep) =>
        (deep ? (image.D + 1) / 2 : image.D, (image.H + 1) / 2, deep ? (image.W + 1) / 2 : (image.W + 3) / 4);

    /// <summary>Slice of a block's voxel within the block.</summary>
    internal int OfD(int voxel) => Deep != 0 ? voxel >> 2 : 0;

    /// <summary>Its row within the block.</summary>
    internal static int OfH(int voxel) => (voxel >> 1) & 1;

    /// <summary>Its column within the block.</summary>
    internal int OfW(int voxel) => Deep != 0 ? voxel & 1 : 2 * (voxel >> 2) + (voxel & 1);

    /// <summary>Whether a block's voxel lies in the image.</summary>
    internal bool Has(BlockPlace place, int voxel) =>
        place.D + OfD(voxel) < Image.D && place.H + OfH(voxel) < Image.H && place.W + OfW(voxel) < Image.W;

    /// <summary>Number of a block's voxel in its image.</summary>
    internal int Voxel(BlockPlace place, int voxel) =>
        ((place.D + OfD(voxel)) * Image.H + place.H + OfH(voxel)) * Image.W + place.W + OfW(voxel);

    /// <summary>Voxels of a block that lie in the image.</summary>
    internal int Count(BlockPlace place)
    {
        var d = Deep != 0 ? Within(place.D, 2, Image.D) : Within(place.D, 1, Image.D);
        return d * Within(place.H, 2, Image.H) * Within(place.W, Deep != 0 ? 2 : 4, Image.W);
    }

    private static int Within(int first, int length, int extent) =>
        ILGPU.IntrinsicMath.Max(ILGPU.IntrinsicMath.Min(length, extent - first), 0);
}

/// <summary>First voxel of a block. Four integers, so that it is read at once.</summary>
internal struct BlockPlace
{
    /// <summary>Slice.</summary>
    public int D;

    /// <summary>Row.</summary>
    public int H;

    /// <summary>Column.</summary>
    public int W;

    /// <summary>Nothing.</summary>
    public int Unused;
}
