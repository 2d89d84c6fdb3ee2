using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>The results of the blocks of an image, in the files of a folder.</summary>
/// <param name="layout">The blocks.</param>
/// <param name="folder">Their folder.</param>
internal sealed class BlockFiles(BlockLayout layout, BlockFolder folder) : IBlockResults
{
    /// <summary>The blocks.</summary>
    public BlockLayout Layout => layout;

    /// <summary>Opens the result of a block.</summary>
    /// <exception cref="InvalidDataException">The file is none of this block.</exception>
    public BlockFile Open(int block) => BlockFile.Open(folder.PathOf(block), block, layout.Box(block), layout.Count);

    /// <inheritdoc/>
    IStoredBlock IBlockResults.Open(int block) => Open(block);

    /// <summary>The blocks of which there is no sound result.</summary>
    public int[] Missing() => [.. Enumerable.Range(0, layout.Count).Where(b => !BlockFile.IsSound(folder.PathOf(b), b, layout.Box(b), layout.Count))];

    /// <summary>Writes the result of a block; the file is complete or not there.</summary>
    public void Write(int block, BlockResult result) => BlockFile.Write(folder.PathOf(block), block, result);

    /// <summary>Deletes the results, and the folder unless something else is in it.</summary>
    public void Delete() => folder.Delete();
}
